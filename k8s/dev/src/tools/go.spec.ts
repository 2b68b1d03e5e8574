import { describe, expect, it } from '@jest/globals';
import { findGo } from './go.js';

describe('findGo', () => {
  const machine = (versions: Record<string, string>) => (command: string) => versions[command] ?? null;

  it.each([
    [{ go: 'go1.26.0' }, 'go'],
    [{ go: 'go1.27rc1' }, 'go'],
    [{ go: 'go2.0' }, 'go'],
    [{ go: 'go1.19.8', '/usr/local/go/bin/go': 'go1.26.8' }, '/usr/local/go/bin/go'],
  ])('%j: %s', (versions, command) => expect(findGo(machine(versions))).toBe(command));

  it.each([
    [{}, 'there is no Go on this machine'],
    [{ go: 'go1.25.9' }, 'go is go1.25.9, too old'],
  ])('%j is refused, naming what is needed', (versions, problem) => {
    const needed = 'building Kubernetes needs Go 1.26 or later (https://go.dev/dl)';
    expect(() => findGo(machine(versions))).toThrow(`${needed}: ${problem}`);
  });
});
