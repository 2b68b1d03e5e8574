import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RandomStream, stepKey, type Engine, type HostArrays, type Specs, type Tensors } from '@orestes/engine';
import { hyper, hyperSpecs, momentSpecs, updateGroup, type Group } from '@orestes/trainer';
import { ENGINES, openEngine, runOnce } from './engines.js';
import { cases, expectClose, readTensors, tables, under, values, zeros } from './fixture.js';

const UPDATES = 5;
/** Of float32 against float64 after five updates. */
const TOLERANCE = 2e-6;
const expected = readTensors('optimizers.safetensors');
const specs: Specs = Object.fromEntries(
  Object.entries(cases.shapes).map(([name, shape]) => [name, { shape, dtype: 'float32' as const }]),
);

describe.each(ENGINES)('on %s', (name) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openEngine(name);
  });
  afterAll(() => engine.dispose());

  it.each(Object.entries(cases.updates))('five updates of %s equal NumPy', async (optimizer, overrides) => {
    const group: Group = {
      name: 'joint',
      optimizer: { ...cases.optimizer, ...overrides },
      parameters: Object.keys(specs),
    };
    const moments = momentSpecs(group, specs);
    const inputs = { state: { ...specs, ...moments }, batch: { ...specs, ...hyperSpecs([group]) } };
    const step = (state: Tensors, batch: Tensors) => {
      const updated = updateGroup(group, state, batch, batch);
      return { state: updated.state, outputs: { norm: updated.norm } };
    };
    const program = await engine.compile(step, inputs, { name: optimizer });
    const drawn = (tag: string) =>
      Object.fromEntries(
        Object.entries(cases.shapes).map(([p, shape]) => [p, values(`update/${p}${tag}`, shape, -1, 1)] as const),
      );
    const state = engine.upload({ ...zeros(moments), ...drawn('') }, inputs.state);
    const norms: number[] = [];
    for (let t = 1; t <= UPDATES; t++) {
      const outputs = await program.run(state, { ...drawn(`/${t}`), ...hyper([group], cases.schedule, t) });
      norms.push(outputs['norm']![0]!);
    }
    const got: HostArrays = { norms: Float32Array.from(norms) };
    for (const [key, data] of Object.entries(await state.download()))
      got[key.startsWith('optimizer/') ? key.slice('optimizer/joint/'.length) : `p/${key}`] = data;
    expectClose(got, under(expected, `${optimizer}/`), TOLERANCE, 1e-3);
    if (optimizer === 'adamax') {
      const pytorch = under(readTensors('transformers.safetensors'), 'adamax/');
      expectClose(Object.fromEntries(Object.keys(pytorch).map((k) => [k, got[k]!])), pytorch, TOLERANCE);
    }
  });

  it('draws the uniform numbers of a threefry made elsewhere', async () => {
    const { seed, step, uses } = tables.uniform;
    const key = { key: { shape: [2], dtype: 'int32' } } as const;
    const drawn = await runOnce(engine, key, { key: stepKey(seed, step) }, (inputs) => {
      const stream = new RandomStream(inputs['key']!);
      return Object.fromEntries(uses.map((use, i) => [String(i), stream.uniform([use.length])]));
    });
    expect(uses.map((_, i) => [...drawn[String(i)]!])).toEqual(uses);
  });
});
