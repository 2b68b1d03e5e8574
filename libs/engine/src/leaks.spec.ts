import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, jest } from '@jest/globals';

/** Where the child resolves the built packages from. */
const PACKAGE = fileURLToPath(new URL('..', import.meta.url));
const MIB = 2 ** 20;
const SIDE = 128;

/** A process of its own, whose resident memory is its alone; it answers with one JSON line. */
function measured(body: string): Record<string, number> {
  const script = `
    import * as tf from '@tensorflow/tfjs';
    import { createEngine } from '@orestes/engine';
    const engine = await createEngine({ name: 'xla', device: 'cpu', devices: 1, precision: 'f32' });
    const square = { shape: [${SIDE}, ${SIDE}], dtype: 'float32' };
    const resident = () => (globalThis.gc(), process.memoryUsage.rss());
    ${body}`;
  const node = ['--expose-gc', '--input-type=module', '-e', script];
  const { status, stdout, stderr } = spawnSync(process.execPath, node, { cwd: PACKAGE, encoding: 'utf8' });
  if (status !== 0) throw new Error(`exit code ${status}: ${stderr}`);
  return JSON.parse(stdout) as Record<string, number>;
}

/** Starting a process and 2,000 runs take seconds, or a minute where other processes want the processor too. */
jest.setTimeout(300_000);

describe('memory', () => {
  it('stays flat over 2,000 runs, which would hold 250 MiB if they kept their batches and outputs', () => {
    const { grown } = measured(`
      const step = ({ w }, { x }) => ({ state: { w: tf.add(w, tf.mean(x)) }, outputs: { y: tf.mul(x, 2) } });
      const program = await engine.compile(step, { state: { w: square }, batch: { x: square } }, { name: 'tiny' });
      const x = new Float32Array(${SIDE * SIDE}).fill(1);
      const state = engine.upload({ w: x }, { w: square });
      const run = async (times) => { for (let i = 0; i < times; i++) await program.run(state, { x }); };
      await run(500);
      const before = resident();
      await run(2000);
      console.log(JSON.stringify({ grown: resident() - before }));`);
    expect(grown).toBeLessThan(24 * MIB);
  });

  it('of a state is given back by dispose: 60 of 16 MiB, one after another', () => {
    const { grown } = measured(`
      const specs = { w: { shape: [2048, 2048], dtype: 'float32' } };
      const values = new Float32Array(2048 * 2048).fill(1);
      const turn = async () => {
        const state = engine.upload({ w: values }, specs);
        await state.download(); // the copy to the device is done then
        state.dispose();
      };
      for (let i = 0; i < 5; i++) await turn();
      const before = resident();
      for (let i = 0; i < 60; i++) await turn();
      console.log(JSON.stringify({ grown: resident() - before }));`);
    expect(grown).toBeLessThan(200 * MIB);
  });

  it('of a refused run is given back', () => {
    const { grown } = measured(`
      const specs = { x: { shape: [1024, 1024], dtype: 'float32' }, y: { shape: [], dtype: 'float32' } };
      const step = (_, { x, y }) => ({ state: {}, outputs: { z: tf.add(tf.sum(x), y) } });
      const program = await engine.compile(step, { state: {}, batch: specs }, { name: 'sum' });
      const state = engine.upload({}, {});
      const x = new Float32Array(1024 * 1024);
      const refused = async () => program.run(state, { x }).then(() => { throw new Error('was run'); }, () => undefined);
      await refused();
      const before = resident();
      for (let i = 0; i < 100; i++) await refused();
      console.log(JSON.stringify({ grown: resident() - before }));`);
    expect(grown).toBeLessThan(100 * MIB);
  });
});
