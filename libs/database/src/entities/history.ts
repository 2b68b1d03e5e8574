import { Column, CreateDateColumn, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';
import { Job } from './job.js';

/** What happened to a job. Ids rise within a job, since its row is locked by whoever writes: a stream can go on after any. */
@Entity('event')
@Index('event_job', ['jobId', 'id'])
export class Event {
  @PrimaryColumn({ type: 'bigint', generated: 'increment', primaryKeyConstraintName: 'event_pkey' }) id!: number;

  @Column({ type: 'uuid', name: 'job_id' }) jobId!: string;

  @ManyToOne(() => Job, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'job_id', foreignKeyConstraintName: 'event_job_fkey' })
  job!: Relation<Job>;

  @CreateDateColumn({ type: 'timestamptz' }) time!: Date;

  @Column({ type: 'text' }) type!: string;

  @Column({ type: 'text', nullable: true }) state!: string | null;

  @Column({ type: 'text' }) message!: string;

  @Column({ type: 'int', nullable: true }) attempt!: number | null;
}

@Entity('log_line')
@Index('log_line_job', ['jobId', 'id'])
export class LogLine {
  @PrimaryColumn({ type: 'bigint', generated: 'increment', primaryKeyConstraintName: 'log_line_pkey' }) id!: number;

  @Column({ type: 'uuid', name: 'job_id' }) jobId!: string;

  @ManyToOne(() => Job, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'job_id', foreignKeyConstraintName: 'log_line_job_fkey' })
  job!: Relation<Job>;

  @Column({ type: 'int' }) attempt!: number;

  @Column({ type: 'timestamptz' }) time!: Date;

  @Column({ type: 'text' }) text!: string;
}

/** A line of metrics. A step that is made again after a crash has the same values, bit by bit: the first stays. */
@Entity('metric')
@Index('metric_job', ['jobId', 'id'])
@Index('metric_step', ['jobId', 'split', 'step'], { unique: true })
export class Metric {
  @PrimaryColumn({ type: 'bigint', generated: 'increment', primaryKeyConstraintName: 'metric_pkey' }) id!: number;

  @Column({ type: 'uuid', name: 'job_id' }) jobId!: string;

  @ManyToOne(() => Job, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'job_id', foreignKeyConstraintName: 'metric_job_fkey' })
  job!: Relation<Job>;

  @Column({ type: 'text' }) split!: 'train' | 'validation';

  @Column({ type: 'int' }) step!: number;

  @Column({ type: 'timestamptz' }) time!: Date;

  @Column({ type: 'jsonb' }) values!: Record<string, number | null>;
}
