import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = [
  `ALTER TABLE "job"
    ADD "object" text,
    ADD "waiting" text,
    ADD "mirrored_version" int NOT NULL DEFAULT 0,
    ADD "mirrored_state" text,
    ADD "mirrored_at" timestamptz`,
  `CREATE UNIQUE INDEX "job_object" ON "job" ("object") WHERE "object" IS NOT NULL`,
  `CREATE INDEX "job_unpublished" ON "job" ("priority" DESC, "id")
    WHERE "state" = 'queued' AND "object" IS NULL AND "kind" NOT IN ('sweep', 'pipeline')`,
  `CREATE INDEX "job_unmirrored" ON "job" ("id") WHERE "object" IS NOT NULL AND "mirrored_version" < "version"`,
  `CREATE TABLE "leader" (
    "name" text NOT NULL,
    "epoch" bigint NOT NULL,
    PRIMARY KEY ("name"))`,
];

const DOWN = [
  'DROP TABLE "leader"',
  'DROP INDEX "job_unmirrored"',
  'DROP INDEX "job_unpublished"',
  'DROP INDEX "job_object"',
  `ALTER TABLE "job" DROP "mirrored_at", DROP "mirrored_state", DROP "mirrored_version", DROP "waiting", DROP "object"`,
];

/** What a cluster needs to know of a job: its object there, and what that has been told. */
export class Cluster1764200000000 implements MigrationInterface {
  readonly name = 'Cluster1764200000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
