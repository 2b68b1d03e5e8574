import type { Condition, JobKind, JobProgress, JobState, SubmittedSpec } from '@orestes/contracts';
import { Column, CreateDateColumn, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';
import { Project } from './project.js';

/** A job as it stands. Its row is the lock: whoever changes anything of a job holds it FOR UPDATE. */
@Entity('job')
@Index('job_project_time', ['projectId', 'id'])
@Index('job_project_state', ['projectId', 'state', 'id'])
@Index('job_project_kind', ['projectId', 'kind', 'id'])
@Index('job_project_name', ['projectId', 'name', 'id'])
@Index('job_top', { synchronize: false })
@Index('job_labels', { synchronize: false })
@Index('job_queue', { synchronize: false })
@Index('job_open_parents', { synchronize: false })
@Index('job_recipe', { synchronize: false })
@Index('job_object', { synchronize: false })
@Index('job_unpublished', { synchronize: false })
@Index('job_unmirrored', { synchronize: false })
@Index('job_parent', ['parentId', 'childIndex'])
export class Job {
  /** UUID version 7: sorts by time of submission. */
  @PrimaryColumn({ type: 'uuid' }) id!: string;

  @Column({ type: 'uuid', name: 'project_id' }) projectId!: string;

  @ManyToOne(() => Project, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'project_id', foreignKeyConstraintName: 'job_project_fkey' })
  project!: Relation<Project>;

  @Column({ type: 'uuid', name: 'parent_id', nullable: true }) parentId!: string | null;

  @ManyToOne(() => Job, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'parent_id', foreignKeyConstraintName: 'job_parent_fkey' })
  parent!: Relation<Job> | null;

  @Column({ type: 'int', name: 'child_index', default: 0 }) childIndex!: number;

  @Column({ type: 'text' }) kind!: JobKind;

  @Column({ type: 'text' }) name!: string;

  @Column({ type: 'text' }) state!: JobState;

  /** Code of the error that ended it. */
  @Column({ type: 'text', nullable: true }) reason!: string | null;

  @Column({ type: 'text', nullable: true }) message!: string | null;

  @Column({ type: 'jsonb' }) spec!: SubmittedSpec;

  /** Where it writes; null for sweeps and pipelines. */
  @Column({ type: 'text', nullable: true }) output!: string | null;

  /** `name=value`. */
  @Column({ type: 'text', array: true, default: () => "'{}'" }) labels!: string[];

  @Column({ type: 'int', default: 0 }) priority!: number;

  @Column({ type: 'int', default: 0 }) retries!: number;

  @Column({ type: 'int', default: 0 }) failures!: number;

  /** Whether an equal job's result may stand for its own. */
  @Column({ type: 'boolean', default: false }) reuse!: boolean;

  @Column({ type: 'timestamptz', name: 'not_before', nullable: true }) notBefore!: Date | null;

  /** Number of the newest attempt; reports of older ones are refused. */
  @Column({ type: 'int', default: 0 }) epoch!: number;

  @Column({ type: 'text', name: 'recipe_hash', nullable: true }) recipeHash!: string | null;

  @Column({ type: 'text', nullable: true }) experiment!: string | null;

  @Column({ type: 'text', nullable: true }) base!: string | null;

  @Column({ type: 'text', name: 'corpus_digest', nullable: true }) corpusDigest!: string | null;

  @Column({ type: 'float8', nullable: true }) flops!: number | null;

  @Column({ type: 'jsonb', nullable: true }) progress!: JobProgress | null;

  @Column({ type: 'jsonb', nullable: true }) result!: Record<string, unknown> | null;

  @Column({ type: 'uuid', name: 'reused_from', nullable: true }) reusedFrom!: string | null;

  @Column({ type: 'uuid', name: 'retry_of', nullable: true }) retryOf!: string | null;

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt!: Date;

  @Column({ type: 'timestamptz', name: 'started_at', nullable: true }) startedAt!: Date | null;

  @Column({ type: 'timestamptz', name: 'finished_at', nullable: true }) finishedAt!: Date | null;

  /** `namespace/name` of its TrainingJob; null while there is none. */
  @Column({ type: 'text', nullable: true }) object!: string | null;

  /** What the job, or its pods, wait for, as the operator sees it. */
  @Column({ type: 'text', nullable: true }) waiting!: string | null;

  /** The `version` that its TrainingJob was told last; and what and when that was. */
  @Column({ type: 'int', name: 'mirrored_version', default: 0 }) mirroredVersion!: number;

  @Column({ type: 'text', name: 'mirrored_state', nullable: true }) mirroredState!: string | null;

  @Column({ type: 'timestamptz', name: 'mirrored_at', nullable: true }) mirroredAt!: Date | null;

  /** The conditions of its TrainingJob, as they were told last. */
  @Column({ type: 'jsonb', nullable: true }) conditions!: Condition[] | null;

  /** Of its TrainingJob: the newest of which anything was passed on. */
  @Column({ type: 'int', default: 1 }) generation!: number;

  /** Rises with every change that a reader can see. */
  @Column({ type: 'int', default: 1 }) version!: number;
}
