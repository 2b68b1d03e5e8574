import { beforeEach, describe, expect, it } from '@jest/globals';
import { Cache, type Change } from './cache.js';
import type { KubernetesObject, Stored } from './objects.js';

/** `name@version`, and the uid where it is not the name's first. */
function object(short: string): Stored<KubernetesObject> {
  const [, name, uid, resourceVersion] = /^(\w+)(#\w+)?@(\d+)$/.exec(short)!;
  return {
    metadata: { namespace: 'n', name, uid: uid ?? '#1', resourceVersion, labels: { first: name![0]! } },
  } as Stored<KubernetesObject>;
}
const short = (of: Stored<KubernetesObject> | null) =>
  of && `${of.metadata.name}${of.metadata.uid === '#1' ? '' : of.metadata.uid}@${of.metadata.resourceVersion}`;
const told = (changes: Change<KubernetesObject>[]) =>
  changes.map((change) => `${short(change.old) ?? '-'} > ${short(change.new) ?? '-'}`);

let cache: Cache<KubernetesObject, 'first'>;
beforeEach(() => {
  cache = new Cache({ first: ({ metadata }) => [metadata.labels!.first!] });
  cache.replace(['ant@9', 'axe@10', 'bee@11'].map(object));
});
const content = () => cache.values().map(short).sort();

describe('an event', () => {
  it.each<[string, 'set' | 'delete', string, string[], string[]]>([
    ['adds', 'set', 'cat@12', ['- > cat@12'], ['ant@9', 'axe@10', 'bee@11', 'cat@12']],
    ['updates', 'set', 'bee@12', ['bee@11 > bee@12'], ['ant@9', 'axe@10', 'bee@12']],
    ['twice changes nothing', 'set', 'bee@11', [], ['ant@9', 'axe@10', 'bee@11']],
    ['that is older changes nothing', 'set', 'axe@9', [], ['ant@9', 'axe@10', 'bee@11']],
    ['compares versions as numbers', 'set', 'ant@10', ['ant@9 > ant@10'], ['ant@10', 'axe@10', 'bee@11']],
    ['replaces', 'set', 'bee#2@15', ['bee@11 > -', '- > bee#2@15'], ['ant@9', 'axe@10', 'bee#2@15']],
    ['deletes', 'delete', 'bee@13', ['bee@11 > -'], ['ant@9', 'axe@10']],
    ['deletes what is not there', 'delete', 'cat@13', [], ['ant@9', 'axe@10', 'bee@11']],
    ['deletes no newer object of its name', 'delete', 'bee@10', [], ['ant@9', 'axe@10', 'bee@11']],
  ])('%s', (_, act, event, changes, after) => {
    expect(told(cache[act](object(event)))).toEqual(changes);
    expect(content()).toEqual(after);
  });
});

describe('a list', () => {
  it.each<[string, string[], string[]]>([
    ['that is the same', ['ant@9', 'axe@10', 'bee@11'], []],
    ['tells of what was missed', ['ant@9', 'axe@12', 'cat@13'], ['bee@11 > -', 'axe@10 > axe@12', '- > cat@13']],
    ['of a cluster from a backup', ['ant@3', 'axe@10'], ['bee@11 > -', 'ant@9 > ant@3']],
    ['with another object of a name', ['ant#2@20', 'axe@10', 'bee@11'], ['ant@9 > -', '- > ant#2@20']],
    ['that is empty', [], ['ant@9 > -', 'axe@10 > -', 'bee@11 > -']],
  ])('%s', (_, listed, changes) => {
    expect(told(cache.replace(listed.map(object)))).toEqual(changes);
    expect(content()).toEqual([...listed].sort());
  });
});

describe('an index', () => {
  const byFirst = (value: string) => cache.byIndex('first', value).map(short).sort();

  it('follows', () => {
    expect(byFirst('a')).toEqual(['ant@9', 'axe@10']);
    cache.delete(object('ant@12'));
    const moved = object('bee@13');
    moved.metadata.labels = { first: 'a' };
    cache.set(moved);
    expect(byFirst('a')).toEqual(['axe@10', 'bee@13']);
    expect(byFirst('b')).toEqual([]);
  });
});
