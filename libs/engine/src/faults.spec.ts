import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { EngineOptions } from '@orestes/contracts';
import * as tf from '@tensorflow/tfjs';
import { createEngine } from './create.js';
import type { CompileOptions, Program, Step } from './engine.js';
import { findPlugin } from './plugins.js';
import { float } from './testing/run.js';
import { XlaEngine } from './xla.js';

const folder = mkdtempSync(join(tmpdir(), 'orestes-engine-'));
const file = (name: string, content: string | Buffer = '') => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const asked = (changes: Partial<EngineOptions>): EngineOptions => ({
  ...{ name: 'xla', device: 'cpu', devices: 1, precision: 'f32', remat: false },
  ...changes,
});
const { path: plugin } = findPlugin('cpu');
const environment = { ...process.env };

afterEach(() => {
  process.env = { ...environment };
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('a plugin', () => {
  const libc = [...new Set(readFileSync('/proc/self/maps', 'utf8').match(/\/\S*libc\.so\.6/g))][0]!;
  const cut = () => {
    const path = join(folder, 'cut.so');
    copyFileSync(plugin, path);
    truncateSync(path, 1_000_000);
    return path;
  };

  it.each<[string, () => string, string, RegExp]>([
    [
      'that is not there',
      () => join(folder, 'none.so'),
      'ENGINE_PLUGIN_MISSING',
      /none\.so: no such file .*npm run setup/,
    ],
    ['that is a folder', () => folder, 'ENGINE_PLUGIN_INVALID', /not a PJRT plugin: not a file/],
    ['that is empty', () => file('empty.so'), 'ENGINE_PLUGIN_INVALID', /not a PJRT plugin: not a shared library/],
    ['that is text', () => file('text.so', 'x'.repeat(1000)), 'ENGINE_PLUGIN_INVALID', /not a shared library/],
    [
      'that was cut short',
      cut,
      'ENGINE_PLUGIN_INVALID',
      /cut\.so: not a PJRT plugin: cut short \(1000000 bytes of \d+\)/,
    ],
    ['that is another library', () => libc, 'ENGINE_PLUGIN_INVALID', /not a PJRT plugin: .*GetPjrtApi/],
  ])('%s is refused', async (_, path, code, message) => {
    process.env['ORESTES_PJRT_PLUGIN'] = path();
    await expect(createEngine(asked({}))).rejects.toMatchObject({
      code,
      exitCode: 2,
      message: expect.stringMatching(message),
    });
  });

  it('that was never installed is refused with the command that installs it', async () => {
    process.env['ORESTES_CACHE'] = folder;
    delete process.env['ORESTES_PJRT_PLUGIN'];
    await expect(createEngine(asked({ device: 'cuda' }))).rejects.toMatchObject({
      code: 'ENGINE_PLUGIN_MISSING',
      message: expect.stringContaining('run: npm run setup -- --device cuda'),
    });
  });
});

describe('an engine that is not there', () => {
  it.each(['tfjs-node', 'tfjs-node-gpu'] as const)('%s says how to install it', async (name) => {
    process.env['ORESTES_CACHE'] = join(folder, 'nothing');
    await expect(createEngine(asked({ name }))).rejects.toMatchObject({
      code: 'ENGINE_NOT_INSTALLED',
      exitCode: 2,
      message: `engine.name: ${name} is not installed: run: npm run setup -- --engine ${name}`,
    });
  });

  it('is not loaded before it is asked for', () => {
    for (const name of ['wasm', 'tensorflow']) expect(tf.findBackendFactory(name)).toBeFalsy();
  });

  it.each([
    [{ name: 'cpu', devices: 2 }, 'ENGINE_DEVICES'],
    [{ name: 'wasm', precision: 'bf16' }, 'ENGINE_PRECISION'],
  ] as const)('%j is refused', async (options, code) => {
    await expect(createEngine(asked(options))).rejects.toMatchObject({ code, exitCode: 2 });
  });
});

describe('memory', () => {
  it('that a program needs and the machine lacks is said before it runs', async () => {
    const engine = XlaEngine.create('cpu', 1);
    const huge = { w: float(400_000, 1_000_000) };
    const step: Step = ({ w }) => ({ state: {}, outputs: { sum: tf.sum(w!) } });
    await expect(engine.compile(step, { state: huge, batch: {} }, { name: 'huge step' })).rejects.toMatchObject({
      code: 'ENGINE_OUT_OF_MEMORY',
      message: expect.stringMatching(/^huge step needs 1490\.\d\d GiB and \d+\.\d\d GiB are free \(smaller batchSize/),
    });
    engine.dispose();
  });
});

describe('the cache of programs', () => {
  let engine: XlaEngine;
  const programs = () => join(folder, 'cache', 'programs');
  beforeAll(() => rmSync(join(folder, 'cache'), { recursive: true, force: true }));
  beforeEach(() => {
    process.env['ORESTES_PJRT_PLUGIN'] = plugin;
    process.env['ORESTES_CACHE'] = join(folder, 'cache');
    engine = XlaEngine.create('cpu', 1);
  });
  afterEach(() => engine.dispose());

  const step: Step = (_, { x }) => ({ state: {}, outputs: { y: tf.matMul(tf.add(x!, 0.123), x!) } });
  const compile = (options: Partial<CompileOptions> = {}, rows = 2, by = engine) =>
    by.compile(step, { state: {}, batch: { x: float(rows, rows) } }, { name: 'cached', ...options });
  const answer = async (program: Program) =>
    [...(await program.run(engine.upload({}, {}), { x: Float32Array.of(1, 2, 3, 4) }))['y']!].map(Math.round);
  const onlyFile = () => {
    const names = readdirSync(programs());
    expect(names).toHaveLength(1);
    return join(programs(), names[0]!);
  };

  it('gives what was compiled before', async () => {
    const [first, second] = [await compile(), await compile()];
    expect([first, second].map((p) => p.statistics.cached)).toEqual([false, true]);
    for (const program of [first, second]) expect(await answer(program)).toEqual([7, 11, 15, 23]);
  });

  const digest = (content: Buffer) => createHash('sha256').update(content).digest();
  it.each<[string, (content: Buffer) => Buffer]>([
    ['with flipped bits', (c) => (c.writeUInt8(c[500]! ^ 0xff, 500), c)],
    ['cut short', (c) => c.subarray(0, 200)],
    ['empty', () => Buffer.alloc(0)],
    ['of another kind, its digest right', () => Buffer.concat([digest(Buffer.from('other')), Buffer.from('other')])],
  ])('compiles again for a file %s, and puts it right', async (_, damage) => {
    writeFileSync(onlyFile(), damage(readFileSync(onlyFile())));
    const again = await compile();
    expect(again.statistics.cached).toBe(false);
    expect(await answer(again)).toEqual([7, 11, 15, 23]);
    expect((await compile()).statistics.cached).toBe(true);
  });

  it('knows a program by its text, precision, devices and plugin', async () => {
    expect((await compile()).statistics.cached).toBe(true);
    const two = XlaEngine.create('cpu', 2);
    const others = [await compile({}, 4), await compile({ precision: 'bf16' }), await compile({}, 2, two)];
    expect(others.map((p) => p.statistics.cached)).toEqual([false, false, false]);
    expect(readdirSync(programs())).toHaveLength(4);
    two.dispose();
  });

  it('holds nothing of another plugin', async () => {
    const copy = join(folder, 'copy.so');
    symlinkSync(plugin, copy);
    process.env['ORESTES_PJRT_PLUGIN'] = copy;
    const other = XlaEngine.create('cpu', 1);
    expect((await compile({}, 2, other)).statistics.cached).toBe(false);
    other.dispose();
  });

  it('may be missing', async () => {
    process.env['ORESTES_CACHE'] = file('in-the-way');
    const without = XlaEngine.create('cpu', 1);
    const program = await compile({}, 2, without);
    expect(program.statistics.cached).toBe(false);
    without.dispose();
  });
});
