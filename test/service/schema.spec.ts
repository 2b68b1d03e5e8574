import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeSkipped } from '@orestes/storage/testing';
import { pythonPrograms } from '../peers/python.js';
import { startTestService, type RunningService } from '../support/service.js';

const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_schema_conformance',
];
const EXAMPLES = 15;
const SLOWEST_MS = 600_000;

const programs = pythonPrograms('requirements-schemathesis');
if ('reason' in programs) describeSkipped('schemathesis over /openapi.json', programs.reason);
else describe('schemathesis over /openapi.json', () => against(programs.bin));

function against(bin: string): void {
  let service: RunningService;
  const folder = mkdtempSync(join(tmpdir(), 'orestes-schema-'));
  beforeAll(async () => {
    service = await startTestService({ environment: { ORESTES_SLOTS: '0', ORESTES_RATE_LIMIT: '1000000' } });
  });
  afterAll(async () => {
    await service?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it(
    'finds no error of the service, and no answer that is not documented',
    async () => {
      const options = [
        '--checks',
        CHECKS.join(','),
        '--max-examples',
        String(EXAMPLES),
        '--seed',
        '7350',
        '--no-color',
      ];
      const { code, output } = await run(
        join(bin, 'schemathesis'),
        ['run', `${service.url}/openapi.json`, ...options],
        folder,
      );
      const [, cases] = /(\d+) generated, \1 passed/.exec(output) ?? [];
      process.stderr.write(`schemathesis: ${cases ?? 'not all'} cases passed\n`);
      expect({ code, output }).toEqual({ code: 0, output });
      expect(Number(cases)).toBeGreaterThan(1000);
    },
    SLOWEST_MS,
  );
}

function run(program: string, args: string[], cwd: string): Promise<{ code: number | null; output: string }> {
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}
