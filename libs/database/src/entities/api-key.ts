import { Column, CreateDateColumn, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';
import { Project } from './project.js';

/** A bearer key of a project. The key itself is never stored. */
@Entity('api_key')
export class ApiKey {
  @PrimaryColumn({ type: 'uuid' }) id!: string;

  @Index('api_key_project')
  @Column({ type: 'uuid', name: 'project_id' })
  projectId!: string;

  @ManyToOne(() => Project, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'project_id', foreignKeyConstraintName: 'api_key_project_fkey' })
  project!: Relation<Project>;

  @Column({ type: 'text' }) name!: string;

  /** The key's first characters: it is looked up by them. */
  @Index('api_key_prefix', { unique: true })
  @Column({ type: 'text' })
  prefix!: string;

  /** SHA-256 of the whole key. */
  @Column({ type: 'bytea' }) hash!: Buffer;

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt!: Date;

  @Column({ type: 'timestamptz', name: 'last_used_at', nullable: true }) lastUsedAt!: Date | null;

  @Column({ type: 'timestamptz', name: 'revoked_at', nullable: true }) revokedAt!: Date | null;
}
