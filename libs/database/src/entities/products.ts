import { Column, CreateDateColumn, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';
import { Job } from './job.js';

/** A checkpoint that lies whole in the store. */
@Entity('checkpoint')
export class Checkpoint {
  @PrimaryColumn({ type: 'uuid', name: 'job_id' }) jobId!: string;

  @PrimaryColumn({ type: 'int' }) step!: number;

  @ManyToOne(() => Job, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'job_id', foreignKeyConstraintName: 'checkpoint_job_fkey' })
  job!: Relation<Job>;

  @Column({ type: 'text' }) address!: string;

  @Column({ type: 'bigint' }) bytes!: number;

  @Column({ type: 'int' }) attempt!: number;

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt!: Date;
}

/** What a succeeded pretraining or fine-tuning made. */
@Entity('model')
@Index('model_project', ['projectId', 'id'])
export class Model {
  @PrimaryColumn({ type: 'uuid' }) id!: string;

  @Column({ type: 'uuid', name: 'project_id' }) projectId!: string;

  @Index('model_job', { unique: true })
  @Column({ type: 'uuid', name: 'job_id' })
  jobId!: string;

  @ManyToOne(() => Job, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'job_id', foreignKeyConstraintName: 'model_job_fkey' })
  job!: Relation<Job>;

  @Column({ type: 'text' }) kind!: 'pretrain' | 'finetune';

  @Column({ type: 'text' }) name!: string;

  @Column({ type: 'text' }) address!: string;

  @Column({ type: 'text', name: 'recipe_hash' }) recipeHash!: string;

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt!: Date;
}

/** What a succeeded corpus job made. */
@Entity('corpus')
@Index('corpus_project', ['projectId', 'id'])
export class Corpus {
  @PrimaryColumn({ type: 'uuid' }) id!: string;

  @Column({ type: 'uuid', name: 'project_id' }) projectId!: string;

  @Index('corpus_job', { unique: true })
  @Column({ type: 'uuid', name: 'job_id' })
  jobId!: string;

  @ManyToOne(() => Job, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'job_id', foreignKeyConstraintName: 'corpus_job_fkey' })
  job!: Relation<Job>;

  @Column({ type: 'text' }) name!: string;

  @Column({ type: 'text' }) address!: string;

  @Column({ type: 'text' }) digest!: string;

  @Column({ type: 'int', name: 'vocabulary_size' }) vocabularySize!: number;

  @Column({ type: 'bigint' }) sequences!: number;

  @Column({ type: 'bigint', nullable: true }) tokens!: number | null;

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt!: Date;
}

/** A fine-tuning's score: one row a job, whoever writes it and how often. */
@Entity('result')
@Index('result_project', ['projectId', 'base'])
export class Result {
  @PrimaryColumn({ type: 'uuid', name: 'job_id' }) jobId!: string;

  @ManyToOne(() => Job, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'job_id', foreignKeyConstraintName: 'result_job_fkey' })
  job!: Relation<Job>;

  @Column({ type: 'uuid', name: 'project_id' }) projectId!: string;

  /** Recipe hash of the pretraining that it started from. */
  @Column({ type: 'text' }) base!: string;

  @Column({ type: 'text' }) experiment!: string;

  @Column({ type: 'text' }) weights!: 'pretrained' | 'random';

  @Column({ type: 'text' }) task!: string;

  @Column({ type: 'text' }) metric!: string;

  @Column({ type: 'float8' }) value!: number;

  @Column({ type: 'bigint' }) seed!: number;

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt!: Date;
}
