import { Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';
import { Job } from './job.js';

/** A job needs another's output. */
@Entity('dependency')
export class Dependency {
  @PrimaryColumn({ type: 'uuid', name: 'job_id' }) jobId!: string;

  @Index('dependency_on')
  @PrimaryColumn({ type: 'uuid', name: 'on_id' })
  onId!: string;

  @ManyToOne(() => Job, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'job_id', foreignKeyConstraintName: 'dependency_job_fkey' })
  job!: Relation<Job>;

  @ManyToOne(() => Job, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'on_id', foreignKeyConstraintName: 'dependency_on_fkey' })
  on!: Relation<Job>;
}
