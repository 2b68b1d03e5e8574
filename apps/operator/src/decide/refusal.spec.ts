import { describe, expect, it } from '@jest/globals';
import { NO_PROBLEM, refusalFrom } from './refusal.js';

describe('what is a refusal of an object', () => {
  it.each([
    ['register', 400, 'INVALID_SPEC', true],
    ['register', 422, 'JOB_UNUSABLE', true],
    ['register', 401, 'TOKEN_UNKNOWN', false],
    ['register', 404, 'ROUTE_UNKNOWN', false],
    ['register', 400, NO_PROBLEM, false],
    ['begin', 404, 'NOT_FOUND', true],
    ['begin', 409, 'OBJECT_FOREIGN', true],
    ['wait', 409, 'OBJECT_FOREIGN', true],
    ['begin', 404, 'ROUTE_UNKNOWN', false],
    ['begin', 404, NO_PROBLEM, false],
    ['begin', 400, 'INVALID_SPEC', false],
    ['end', 500, 'INTERNAL', false],
  ] as const)('%s, answered by %d %s: %s', (kind, status, code, isRefusal) => {
    const message = 'in words';
    expect(refusalFrom(kind, { status, code, message })).toEqual(isRefusal ? { code, message } : null);
  });
});
