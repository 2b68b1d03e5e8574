import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a TrainingJob's status was told last, and of which generation of the object. */
export class Told1764300000000 implements MigrationInterface {
  readonly name = 'Told1764300000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE "job" ADD "conditions" jsonb, ADD "generation" int NOT NULL DEFAULT 1`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE "job" DROP "generation", DROP "conditions"`);
  }
}
