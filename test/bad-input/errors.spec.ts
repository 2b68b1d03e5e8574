import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Everything that runs; tests and what only they use have no say. */
const sources = ['libs', 'apps'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => /^[^/]+\/src\/.*\.ts$/.test(path) && !/\.spec\.ts$|\/testing\//.test(path))
    .map((path) => readFileSync(join(ROOT, folder, path), 'utf8')),
);

/** Codes by the class that they are thrown as. A code that reaches its class through a variable is in `named` alone. */
function codes(pattern: RegExp): Set<string> {
  return new Set(sources.flatMap((source) => [...source.matchAll(pattern)].map(([, code]) => code!)));
}
const user = codes(/\bUserError\(\s*'([A-Z0-9_]+)'/g);
const other = codes(/\bOrestesError\(\s*'([A-Z0-9_]+)'/g);
/** Whatever else looks like a code: variables of the environment aside, a setting of the AWS SDK, errors of a system and of undici, and PostgreSQL's file. */
const NO_CODES = /^(AWS|ORESTES|TF|UND_ERR|XDG|XLA)_|^(WHEN_REQUIRED|DATABASE_URL|EAI_AGAIN|PG_VERSION)$/;
const named = [...codes(/'([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)'/g)].filter((name) => !NO_CODES.test(name));

const page = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8');
const rows = [...page.matchAll(/^\| `([A-Z0-9_]+)` +\| (\d{1,2}|130) +\| (.+?) +\|$/gm)].map(
  ([, code, exit, text]) => ({
    code: code!,
    exit: Number(exit),
    text: text!,
  }),
);
const answers = [...page.matchAll(/^\| `([A-Z0-9_]+)` +\| (\d{3}|any) +\| (.+?) +\|$/gm)].map(([, code, status]) => ({
  code: code!,
  status: status!,
}));
/** Statuses by the code of the answers that the API makes. */
const statuses = new Map(
  sources.flatMap((source) =>
    [...source.matchAll(/\bProblemError\(\s*(\d+),\s*'([A-Z0-9_]+)'/g)].map(
      ([, status, code]) => [code!, status!] as const,
    ),
  ),
);
const warnings = [.../^Two warnings[^#]*/m.exec(page)![0].matchAll(/`([A-Z]+_[A-Z_]+)`/g)].map(([, code]) => code!);

describe('docs/errors.md', () => {
  it('lists the codes that the sources have, once and in order', () => {
    const listed = rows.map(({ code }) => code);
    expect(listed).toEqual([...new Set(listed)].sort());
    const all = new Set([...listed, ...warnings, ...answers.map(({ code }) => code)]);
    expect([...all].sort()).toEqual([...new Set([...user, ...other, ...named, ...statuses.keys()])].sort());
    expect(listed.length).toBeGreaterThan(60);
  });

  it.each(rows)('$code has the exit code that it is thrown with, and a meaning', ({ code, exit, text }) => {
    if (code === 'INTERRUPTED') expect(exit).toBe(130);
    else if (user.has(code) && !other.has(code)) expect(exit).toBe(2);
    else if (user.has(code)) expect([1, 2]).toContain(exit);
    else expect(exit).toBe(1);
    expect(text.length).toBeGreaterThan(10);
  });

  it.each([...statuses].map(([code, status]) => ({ code, status })))(
    '$code is answered with $status',
    ({ code, status }) => {
      expect(answers).toContainEqual({ code, status });
    },
  );
});
