import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JobDocument, LogLine } from '@orestes/contracts';
import { orestes } from '../support/orestes.js';
import { examplePipeline, startTestService, type RunningService } from '../support/service.js';
import { historyOf, jobAt, until } from '../support/wait.js';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SLOWEST_MS = 200_000;

let service: RunningService;
const folder = mkdtempSync(join(tmpdir(), 'orestes-cli-'));
const file = (name: string, spec: unknown): string => {
  const path = join(folder, `${name}.json`);
  writeFileSync(path, JSON.stringify(spec));
  return path;
};
const run = (args: string[], environment: NodeJS.ProcessEnv = {}) =>
  orestes(args, { cwd: ROOT, environment: { ORESTES_SERVER: service.url, ...environment } });

beforeAll(async () => {
  service = await startTestService({ environment: { ORESTES_SLOTS: '1' } });
}, SLOWEST_MS);
afterAll(async () => {
  await service?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const small = examplePipeline({ name: 'cli', steps: 40 });

describe('orestes submit', () => {
  it(
    'ends with 0 where the job succeeds, and gives it as JSON',
    async () => {
      const { code, stdout } = await run(['submit', file('good', small), '--wait', '--json']);
      expect(code).toBe(0);
      const job = JSON.parse(stdout) as JobDocument;
      expect(job).toMatchObject({ name: 'cli', state: 'succeeded', kind: 'pipeline' });
      expect(job.children).toHaveLength(3);
    },
    SLOWEST_MS,
  );

  it(
    'ends with 1 where the job fails, and says why',
    async () => {
      const spec = { ...small.pretrain, kind: 'pretrain', name: 'hopeless', corpus: join(folder, 'nowhere') };
      const { code, stderr } = await run(['submit', file('bad', spec), '--wait']);
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringContaining('JOB_FAILED: hopeless: It failed (CORPUS_MISSING)'),
      });
    },
    SLOWEST_MS,
  );

  it.each([
    ['a wrong field', { ...small, seeds: [1] }, 'INVALID_SPEC: spec.seeds: unknown field'],
    [
      'a rule of the recipe',
      { ...small.pretrain, kind: 'pretrain', name: 'x', corpus: 'x', schedule: { warmupSteps: 9, maxSteps: 5 } },
      'INVALID_SPEC: spec.schedule.warmupSteps',
    ],
  ])('ends with 2 for %s', async (_, spec, says) => {
    const { code, stderr } = await run(['submit', file('wrong', spec)]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(says) });
  });

  it('takes the same job for the same key', async () => {
    const args = ['submit', file('again', small), '--json', '--idempotency-key', 'once'];
    const ids = [await run(args), await run(args)].map(({ stdout }) => (JSON.parse(stdout) as JobDocument).id);
    expect(ids[0]).toBe(ids[1]);
    await run(['cancel', ids[0]!]);
  });

  it(
    'says what is wrong with a server that is none',
    async () => {
      const { code, stderr } = await run(['list', '--server', 'http://localhost:1']);
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringContaining('API_UNREACHABLE: http://localhost:1: no service answers there'),
      });
      expect((await run(['list', '--server', 'here'])).code).toBe(2);
    },
    SLOWEST_MS,
  );
});

describe('orestes keys', () => {
  it('makes, lists and revokes them', async () => {
    const key = (await run(['keys', 'create', 'mine'])).stdout.trim();
    expect(key).toMatch(/^ork_[0-9a-f]{8}_[\w-]{43}$/);
    expect((await run(['list', '--json'], { ORESTES_API_KEY: key })).code).toBe(0);
    const listed = JSON.parse((await run(['keys', 'list', '--json'])).stdout) as { id: string; prefix: string };
    expect(key.startsWith(listed.prefix)).toBe(true);
    expect((await run(['keys', 'revoke', listed.id])).stdout).toBe('mine: revoked');
    const refused = await run(['list'], { ORESTES_API_KEY: key });
    expect({ code: refused.code, stderr: refused.stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining('KEY_UNKNOWN'),
    });
  });
});

describe('orestes logs --follow', () => {
  it(
    'loses nothing to a service that is killed meanwhile, and ends with the job',
    async () => {
      const spec = {
        ...small.pretrain,
        kind: 'pretrain',
        name: 'followed',
        corpus: 'examples',
        schedule: { maxSteps: 2000, warmupSteps: 1, batchSize: 16, sequenceLength: 32 },
      };
      const corpus = (
        await until(
          () => run(['list', '--all', '--kind', 'corpus', '--state', 'succeeded', '--limit', '1', '--json']),
          ({ code }) => code === 0,
        )
      ).stdout;
      const submitted = await run([
        'submit',
        file('long', { ...spec, corpus: `job:${(JSON.parse(corpus) as { id: string }).id}` }),
        '--json',
      ]);
      const { id } = JSON.parse(submitted.stdout) as JobDocument;
      await until(
        () => jobAt(service.url, id),
        ({ progress }) => (progress?.done ?? 0) > 10,
        50,
      );
      const following = run(['logs', id, '--follow', '--json']);
      await service.killAndRestart(500);
      const { code, stdout } = await following;
      expect(code).toBe(0);
      const ids = stdout.split('\n').map((line) => (JSON.parse(line) as LogLine).id);
      expect(ids).toEqual((await historyOf<LogLine>(service.url, id, 'logs')).map((line) => line.id));
    },
    SLOWEST_MS,
  );
});

describe('orestes completion', () => {
  it.each(['bash', 'zsh', 'fish'])('is a script for %s', async (shell) => {
    const { code, stdout } = await run(['completion', shell]);
    expect(code).toBe(0);
    for (const command of ['submit', 'leaderboard', 'keys']) expect(stdout).toContain(command);
  });

  it('completes commands and their options in bash', async () => {
    const { stdout } = await run(['completion', 'bash']);
    const ask = (words: string) =>
      spawnSync(
        'bash',
        [
          '-c',
          `${stdout}\nCOMP_WORDS=(${words}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _orestes; echo "\${COMPREPLY[@]}"`,
        ],
        { encoding: 'utf8' },
      ).stdout.trim();
    expect(ask('orestes lea')).toBe('leaderboard');
    expect(ask('orestes submit --fol')).toBe('--follow');
    expect(ask('orestes keys re')).toBe('revoke');
  });
});

describe('orestes serve', () => {
  it(
    'says that a port is taken, and that data are in use',
    async () => {
      const { port } = new URL(service.url);
      const taken = await run(['serve', '--port', port, '--data', join(folder, 'other')]);
      expect({ code: taken.code, stderr: taken.stderr }).toEqual({
        code: 1,
        stderr: expect.stringContaining(`PORT_IN_USE: port ${port} of 127.0.0.1 is taken`),
      });
      expect(existsSync(join(folder, 'other'))).toBe(false);
      const used = await run(['serve', '--port', '0', '--data', service.data]);
      expect({ code: used.code, stderr: used.stderr }).toEqual({
        code: 1,
        stderr: expect.stringContaining('DATA_IN_USE'),
      });
      expect(readFileSync(join(service.data, 'database', 'owner.pid'), 'utf8')).toContain(String(service.process.pid));
    },
    SLOWEST_MS,
  );
});
