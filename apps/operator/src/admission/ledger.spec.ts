import { describe, expect, it } from '@jest/globals';
import { Ledger, type Standing } from './ledger.js';
import type { Queue } from './quotas.js';

const QUEUES: Queue[] = [
  { name: 'q', gpus: { '*': 32, h100: 8 } },
  { name: 'cpu', gpus: {}, jobs: 2 },
];
const standing = (
  key: string,
  change: Partial<Standing & { gpus: number; product: string | null; queue: string }> = {},
): Standing => {
  const { gpus = 8, product = null, queue = 'q', ...rest } = change;
  return {
    key,
    name: key,
    id: key,
    priority: 0,
    savedAt: 0,
    state: 'pending',
    claim: { queue, product, gpus },
    ...rest,
  };
};
const ledgerOf = (...standings: Standing[]) => {
  const ledger = new Ledger(QUEUES);
  for (const each of standings) ledger.set(each.key, each);
  return ledger;
};
const held = (key: string, change: Parameters<typeof standing>[1] = {}) => standing(key, { state: 'held', ...change });
const NOTHING = { granted: [], preempted: [] };

describe('the ledger', () => {
  it('grants in the order of priority and age, as far as the quota goes', () => {
    const ledger = ledgerOf(
      standing('b', { gpus: 16 }),
      standing('a', { gpus: 8 }),
      standing('c', { gpus: 16, priority: 1 }),
    );
    expect(ledger.admit(0)).toEqual({ granted: ['c', 'a'], preempted: [] });
    expect(ledger.place('b')).toEqual({
      granted: false,
      waitsFor: 'It waits for quota: 16 GPUs are needed; 24 of the 32 of queue q are held.',
    });
  });

  it('starts a gang whole or not at all: of two that need 3 of 4 nodes each one runs', () => {
    const ledger = ledgerOf(standing('a', { gpus: 24 }), standing('b', { gpus: 24 }));
    expect(ledger.admit(0).granted).toEqual(['a']);
    ledger.set('a', held('a', { gpus: 24 }));
    expect(ledger.admit(0)).toEqual(NOTHING);
    ledger.set('a', null);
    expect(ledger.admit(0).granted).toEqual(['b']);
  });

  it('says whether the quota has what a job holds', () => {
    const ledger = ledgerOf(held('a', { gpus: 24 }), held('b', { gpus: 8 }), held('h', { gpus: 8, product: 'h100' }));
    expect(['a', 'b', 'h'].map((key) => ledger.isWithinQuota(key))).toEqual([true, true, true]);
    expect(ledger.set('c', held('c', { gpus: 8 }))).toBe(true);
    expect(ledger.set('c', held('c', { gpus: 8 }))).toBe(false);
    expect(['a', 'c', 'h'].map((key) => ledger.isWithinQuota(key))).toEqual([false, false, true]);
    expect(ledgerOf(held('d', { queue: 'unknown' })).isWithinQuota('d')).toBe(false);
  });

  it('keeps apart two objects that say that they are of one job', () => {
    const [first, second] = [standing('a', { id: 'i' }), standing('b', { id: 'i' })];
    const ledger = ledgerOf(first, second);
    expect(ledger.admit(0).granted).toEqual(['a', 'b']);
    ledger.set('a', null);
    ledger.set('b', held('b', { id: 'i' }));
    expect([...ledger.figures()][0]).toMatchObject({ held: 8, waiting: 0 });
  });

  it('knows whom no round has looked at yet', () => {
    const ledger = ledgerOf(standing('a', { gpus: 32 }), standing('b'));
    expect(['a', 'b', 'c'].map((key) => ledger.isNew(key))).toEqual([true, true, false]);
    expect(ledger.place('a')).toEqual({ granted: false, waitsFor: 'It is next: its queue has room.' });
    ledger.admit(0);
    ledger.set('b', standing('b', { priority: 1 }));
    expect(ledger.isNew('b')).toBe(false);
    ledger.set('b', held('b'));
    ledger.set('b', standing('b'));
    expect(ledger.isNew('b')).toBe(true);
  });

  it('lets nobody overtake who is next, so that large jobs start some day', () => {
    const ledger = ledgerOf(held('x', { gpus: 16 }), standing('a', { gpus: 32 }), standing('b'));
    expect(ledger.admit(0)).toEqual(NOTHING);
    expect(ledger.place('b')).toMatchObject({ waitsFor: 'It waits in queue q: 1 job is ahead of it.' });
  });

  it('counts products apart, and what can never start keeps nobody waiting', () => {
    const ledger = ledgerOf(
      standing('a', { gpus: 16, product: 'h100' }),
      standing('b', { product: 'h100' }),
      standing('c', { gpus: 32, product: 'a100' }),
    );
    expect(ledger.admit(0).granted).toEqual(['b', 'c']);
    expect(ledger.place('a')).toMatchObject({
      waitsFor: 'It can never start: 16 GPUs of h100 are needed; 8 of the 8 of queue q are held.',
    });
  });

  it('counts jobs without GPUs', () => {
    const ledger = ledgerOf(...['a', 'b', 'c'].map((key) => standing(key, { gpus: 0, queue: 'cpu' })));
    expect(ledger.admit(0).granted).toEqual(['a', 'b']);
    expect(ledger.place('c')).toMatchObject({ waitsFor: 'It waits for quota: queue cpu runs 2 jobs at a time.' });
  });

  it('takes the places of the lowest priority, and of those who lose the least', () => {
    const running = [
      held('old', { savedAt: 0 }),
      held('fresh', { savedAt: 90 }),
      held('low', { priority: -1 }),
      held('high', { priority: 2 }),
    ];
    const ledger = ledgerOf(...running, standing('new', { gpus: 16, priority: 1 }));
    expect(
      ledger
        .admit(100)
        .preempted.map(({ key }) => key)
        .sort(),
    ).toEqual(['fresh', 'low']);
    expect(ledger.preemptFor('fresh')).toBe('new');
    expect(ledger.preemptFor('old')).toBeNull();
    expect(ledger.admit(100)).toEqual(NOTHING); // it is under way
    ledger.set('low', null);
    ledger.set('fresh', standing('fresh'));
    expect(ledger.admit(100)).toEqual({ granted: ['new'], preempted: [] });
    expect(ledger.preemptFor('fresh')).toBeNull();
  });

  it('takes no second place while the first is being given up, whoever would lose the least by now', () => {
    const ledger = ledgerOf(
      held('a', { gpus: 16, savedAt: 90 }),
      held('b', { gpus: 16, savedAt: 80 }),
      standing('new', { gpus: 16, priority: 1 }),
    );
    expect(ledger.admit(100).preempted).toEqual([{ key: 'a', for: 'new' }]);
    ledger.set('b', held('b', { gpus: 16, savedAt: 100 }));
    expect(ledger.admit(100)).toEqual(NOTHING);
  });

  it('spares who was chosen before a larger one that is enough', () => {
    const ledger = ledgerOf(
      held('small', { gpus: 1, savedAt: 99 }),
      held('large', { gpus: 31, savedAt: 0 }),
      standing('new', { gpus: 16, priority: 1 }),
    );
    expect(ledger.admit(100).preempted).toEqual([{ key: 'large', for: 'new' }]);
  });

  it('takes no places in vain', () => {
    const ledger = ledgerOf(
      held('a', { gpus: 24, priority: 5 }),
      held('b'),
      standing('new', { gpus: 32, priority: 1 }),
    );
    expect(ledger.admit(0)).toEqual(NOTHING);
  });

  it('keeps a granted place until it is held or wanted no more', () => {
    const ledger = ledgerOf(standing('a', { gpus: 32 }), standing('b'));
    ledger.admit(0);
    ledger.set('a', standing('a', { gpus: 32 })); // seen again, not begun yet
    expect(ledger.place('a')).toEqual({ granted: true });
    expect(ledger.admit(0)).toEqual(NOTHING);
    ledger.set('a', null);
    expect(ledger.admit(0).granted).toEqual(['b']);
  });

  it('never gives more than there is: 2,000 random changes', () => {
    const ledger = new Ledger(QUEUES);
    const state = new Map<string, Standing>();
    let seed = 1;
    const random = (n: number) => (seed = (seed * 48271) % 2147483647) % n;
    for (let i = 0; i < 2000; i++) {
      const key = `j${random(40)}`;
      const known = state.get(key);
      const next = !known
        ? standing(key, { gpus: 1 + random(12), priority: random(3), savedAt: i })
        : random(2)
          ? null
          : known;
      if (next) state.set(key, next);
      else state.delete(key);
      ledger.set(key, next);
      for (const granted of ledger.admit(i).granted) {
        const taken = { ...state.get(granted)!, state: 'held' as const };
        state.set(granted, taken);
        ledger.set(granted, taken);
      }
      const used = [...state.values()]
        .filter(({ state }) => state === 'held')
        .reduce((sum, { claim }) => sum + claim.gpus, 0);
      expect(used).toBeLessThanOrEqual(32);
      expect([...ledger.figures()].find(({ flavor }) => flavor === '*')!.held).toBe(used);
    }
  });
});
