import { Column, CreateDateColumn, Entity, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';
import { Job } from './job.js';

/** A submission that may be sent again. */
@Entity('idempotency_key')
export class IdempotencyKey {
  @PrimaryColumn({ type: 'uuid', name: 'project_id' }) projectId!: string;

  @PrimaryColumn({ type: 'text' }) key!: string;

  /** SHA-256 of the body in canonical JSON. */
  @Column({ type: 'text', name: 'body_hash' }) bodyHash!: string;

  @Column({ type: 'uuid', name: 'job_id' }) jobId!: string;

  @ManyToOne(() => Job, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'job_id', foreignKeyConstraintName: 'idempotency_key_job_fkey' })
  job!: Relation<Job>;

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt!: Date;
}
