import { describe, expect, it } from '@jest/globals';
import { SseParser, type SseMessage } from './sse.js';

const parsed = (...chunks: string[]): SseMessage[] => {
  const parser = new SseParser();
  return chunks.flatMap((chunk) => parser.push(chunk));
};
const message = (data: string, id: string | null = null, event = 'message') => ({ event, data, id });

describe('SseParser', () => {
  it.each<[string, string[], SseMessage[]]>([
    ['one message', ['id: 7\ndata: {"a":1}\n\n'], [message('{"a":1}', '7')]],
    ['a message cut anywhere', ['id: 7\nda', 'ta: x', '\n', '\n'], [message('x', '7')]],
    ['several lines of data', ['data: a\ndata: b\n\n'], [message('a\nb')]],
    ['CRLF, also cut between', ['data: a\r\n\r', '\ndata: b\r\n\r\n'], [message('a'), message('b')]],
    ['a comment alone', [': heartbeat\n\n'], []],
    ['an event without data', ['event: end\n\n'], [message('', null, 'end')]],
    ['no space after the colon', ['data:x\n\n'], [message('x')]],
    ['only the first space goes', ['data:  x\n\n'], [message(' x')]],
    ['the last id stays', ['id: 1\ndata: a\n\ndata: b\n\n'], [message('a', '1'), message('b', '1')]],
    ['a message that is not ended', ['data: a\n'], []],
  ])('reads %s', (_, chunks, expected) => {
    expect(parsed(...chunks)).toEqual(expected);
  });
});
