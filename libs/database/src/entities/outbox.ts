import { Column, CreateDateColumn, Entity, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';
import { Attempt } from './attempt.js';

/**
 * What is to be done outside the database, written in the transaction that decided it. It is done at least once: doing it
 * twice does no harm.
 */
@Entity('outbox')
export class Outbox {
  @PrimaryColumn({ type: 'bigint', generated: 'increment', primaryKeyConstraintName: 'outbox_pkey' }) id!: number;

  @Column({ type: 'uuid', name: 'attempt_id' }) attemptId!: string;

  @ManyToOne(() => Attempt, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'attempt_id', foreignKeyConstraintName: 'outbox_attempt_fkey' })
  attempt!: Relation<Attempt>;

  /** `stop`: let it save first; `kill`: at once. */
  @Column({ type: 'text' }) action!: 'launch' | 'stop' | 'kill';

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt!: Date;
}
