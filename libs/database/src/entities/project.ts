import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** Who owns jobs: nothing of one project is seen by another. */
@Entity('project')
export class Project {
  @PrimaryColumn({ type: 'uuid' }) id!: string;

  @Column({ type: 'text', unique: true }) name!: string;

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' }) createdAt!: Date;
}
