import { describe, expect, it } from '@jest/globals';
import type { RowFormat } from './cells.js';
import { readRows } from './rows.js';

const bytes = (text: string) => new TextEncoder().encode(text);
const pair: RowFormat = { format: 'tsv', header: true, text: ['a', 'b'], label: 'label' };
const numbered: RowFormat = { format: 'tsv', header: false, text: [2], label: 1 };
const json: RowFormat = { format: 'jsonl', header: true, text: ['text'], label: 'y' };

describe('readRows', () => {
  it.each<[string, RowFormat, string, string[][]]>([
    ['columns by name', pair, 'label\tb\ta\n1\tB\tA\n', [['A', 'B', '1']]],
    [
      'columns by number',
      numbered,
      '1\tA\n0\tB\n',
      [
        ['A', '1'],
        ['B', '0'],
      ],
    ],
    ['no newline at the end', numbered, '1\tA', [['A', '1']]],
    ['CRLF', pair, 'a\tb\tlabel\r\nA\tB\t1\r\n', [['A', 'B', '1']]],
    ['byte order mark', pair, '\ufeffa\tb\tlabel\nA\tB\t1\n', [['A', 'B', '1']]],
    [
      'quotes are characters',
      numbered,
      '1\t"A\n0\t""B""\n',
      [
        ['"A', '1'],
        ['""B""', '0'],
      ],
    ],
    ['spaces around texts', numbered, '1\t A b \n', [['A b', '1']]],
    [
      'JSONL',
      json,
      '{"text":"A\\tb","y":"x"}\n{"y":1,"text":"B"}\n{"y":false,"text":"C"}\n',
      [
        ['A\tb', 'x'],
        ['B', '1'],
        ['C', 'false'],
      ],
    ],
    ['JSONL with CRLF and mark', json, '\ufeff{"text":"A","y":"x"}\r\n', [['A', 'x']]],
  ])('reads %s', (_, format, content, expected) => {
    const { rows, dropped } = readRows(bytes(content), 'f', format);
    expect(rows.map((r) => [...r.text, r.label])).toEqual(expected);
    expect(dropped.count).toBe(0);
  });

  it.each<[string, RowFormat, string | Uint8Array, { line: number; reason: string }[]]>([
    [
      'ragged rows',
      pair,
      'a\tb\tlabel\nA\tB\n\nA\tB\t1\nA\tB\t1\t2\n',
      [
        { line: 2, reason: '2 fields, 3 expected' },
        { line: 3, reason: 'empty line' },
        { line: 5, reason: '4 fields, 3 expected' },
      ],
    ],
    ['a ragged first row without a header', numbered, '1\n1\tA\n0\tB\n', [{ line: 1, reason: '1 fields, 2 expected' }]],
    ['an empty text', pair, 'a\tb\tlabel\nA\t \t1\nA\tB\t1\n', [{ line: 2, reason: 'empty text' }]],
    ['an empty label', numbered, '\tA\n1\tB\n', [{ line: 1, reason: 'empty label' }]],
    [
      'bytes that are not UTF-8',
      numbered,
      Uint8Array.from([...bytes('1\t'), 0xff, 0x0a, ...bytes('1\tA\n')]),
      [{ line: 1, reason: 'not UTF-8' }],
    ],
    [
      'a line without end',
      numbered,
      `1\tA\n1\t${'x'.repeat(1 << 20)}\n`,
      [{ line: 2, reason: 'longer than 1048576 bytes' }],
    ],
    [
      'JSON of other shapes',
      json,
      '[1]\nnull\n{"text":\n{"text":"A"}\n{"text":{},"y":1}\n{"text":"A","y":null}\n{"text":"A","y":1}\n',
      [
        { line: 1, reason: 'not a JSON object' },
        { line: 2, reason: 'not a JSON object' },
        { line: 3, reason: 'not a JSON object' },
        { line: 4, reason: 'no field y' },
        { line: 5, reason: 'field text is neither text nor number' },
        { line: 6, reason: 'field y is null' },
      ],
    ],
  ])('counts %s', (_, format, content, expected) => {
    const { rows, dropped } = readRows(typeof content === 'string' ? bytes(content) : content, 'f', format);
    expect(dropped.all).toEqual(expected);
    expect(dropped.count).toBe(expected.length);
    expect(rows.length).toBeGreaterThan(0);
  });

  it('lists ten dropped rows and counts all', () => {
    const { dropped } = readRows(bytes(`1\tA\n${'\n'.repeat(12)}1\tA\n`), 'f', numbered);
    expect(dropped.count).toBe(12);
    expect(dropped.describe()).toMatch(
      /^12 rows dropped: line 2 \(empty line\), .*line 11 \(empty line\), and 2 more$/,
    );
  });

  it.each<[string, RowFormat, string, string]>([
    ['an empty file', numbered, '', 'f: no usable row: the file is empty'],
    ['a header alone', pair, 'a\tb\tlabel\n', 'f: no usable row: the file is empty'],
    ['only unusable rows', numbered, '1\t\n', 'f: no usable row; 1 row dropped: line 1 (empty text)'],
    ['an unknown column', pair, 'a\tlabel\nA\t1\n', 'f, line 1: there is no column b (allowed: 1 to 2: 1 a, 2 label)'],
    ['a column past the last', numbered, '1\n', 'f, line 1: there is no column 2 (allowed: 1 to 1)'],
    [
      'a column twice',
      pair,
      'a\tb\ta\tlabel\n',
      'f, line 1: two columns are called a (allowed: 1 to 4: 1 a, 2 b, 3 a, 4 label)',
    ],
    [
      'a name without a header',
      { ...numbered, label: 'y' },
      '1\tA\n',
      'f, line 1: column y: without a header columns go by number (allowed: 1 to 2)',
    ],
    ['a number in JSONL', { ...json, label: 2 }, '{}\n', 'f: column 2: the fields of JSONL go by name'],
    ['an unknown field', json, '{"text":"A","z":1}\n', 'f, line 1: no line has a field y (allowed: text, z)'],
    [
      'a field of every object',
      { ...json, label: '__proto__' },
      '{"text":"A"}\n',
      'f, line 1: no line has a field __proto__ (allowed: text)',
    ],
  ])('refuses %s', (_, format, content, message) => {
    expect(() => readRows(bytes(content), 'f', format)).toThrow(
      expect.objectContaining({ code: 'TASK_FILE_INVALID', exitCode: 2, message }),
    );
  });
});
