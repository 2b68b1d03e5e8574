import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The newest leader that has written: what an older one still sends is refused. */
@Entity('leader')
export class Leader {
  @PrimaryColumn({ type: 'text' }) name!: string;

  /** Rises with every change of the lease's holder. */
  @Column({ type: 'bigint' }) epoch!: number;
}
