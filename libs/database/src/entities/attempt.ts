import { Column, CreateDateColumn, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';
import { Job } from './job.js';

/** One worker's try at a job. */
@Entity('attempt')
@Index('attempt_epoch', ['jobId', 'epoch'], { unique: true })
@Index('attempt_live', { synchronize: false })
export class Attempt {
  @PrimaryColumn({ type: 'uuid' }) id!: string;

  @Column({ type: 'uuid', name: 'job_id' }) jobId!: string;

  @ManyToOne(() => Job, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'job_id', foreignKeyConstraintName: 'attempt_job_fkey' })
  job!: Relation<Job>;

  @Column({ type: 'int' }) epoch!: number;

  @Column({ type: 'text' }) state!: 'admitted' | 'starting' | 'running' | 'ended';

  /** SHA-256 of the worker's token, made when it is launched; an older token is good for nothing then. */
  @Column({ type: 'bytea', name: 'token_hash', nullable: true }) tokenHash!: Buffer | null;

  /** The process that started it: a second one is refused. */
  @Column({ type: 'text', nullable: true }) process!: string | null;

  @Column({ type: 'text', nullable: true }) host!: string | null;

  @Column({ type: 'int', nullable: true }) pid!: number | null;

  /** Reports taken: one that comes again is passed over. */
  @Column({ type: 'int', default: 0 }) received!: number;

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt!: Date;

  @Column({ type: 'timestamptz', name: 'started_at', nullable: true }) startedAt!: Date | null;

  @Column({ type: 'timestamptz', name: 'heartbeat_at', nullable: true }) heartbeatAt!: Date | null;

  @Column({ type: 'timestamptz', name: 'ended_at', nullable: true }) endedAt!: Date | null;

  @Column({ type: 'text', nullable: true }) outcome!: string | null;
}
