// The filter language of the REST interface: the documented grammar, precedence and types.

import assert from 'node:assert/strict';

import { FilterError, parseFilter } from '../webpubsub/filter.js';
import { test } from './test.js';

const ANN = { connectionId: 'c1', userId: 'ann', groups: new Set(['A', 'B']) };
const NOBODY = { connectionId: 'c2', userId: undefined, groups: new Set() };

const matches = (filter, connection = ANN) => parseFilter(filter)(connection);

function check(cases, connection) {
  for (const [filter, expected] of cases) {
    assert.equal(matches(filter, connection), expected, filter);
  }
}

test('the examples of the documentation', () => {
  check([
    ["'A' in groups or 'X' in groups or 'Y' in groups", true],
    ["userId in ('user1', 'ann', 'user3') and 'A' in groups", true],
    ["userId eq 'ann' and connectionId ne '123'", true],
    ["userId eq 'ann' and (not ('A' in groups))", false],
    ['length(userId) le 10 and length(userId) gt 3', false],
    ['length(userId) gt 10 or length(userId) le 3', true],
    ["not endswith(userId, 'nn')", false],
    ["tolower(userId) eq 'ann'", true],
    ["toupper(userId) eq 'ANN'", true],
    ["trim(userId) eq 'ann'", true],
    ["substring(userId,1,1) eq 'n'", true],
    ["substring(userId,1) eq 'nn'", true],
    ["startswith(userId,'a')", true],
    ["indexof(userId,'n') ge 0", true],
    ['length(groups) gt 1', true],
  ]);
});

test('and binds tighter than or', () => {
  const both = { connectionId: 'c', groups: new Set(['A', 'C']) };
  check(
    [
      ["'A' in groups or 'B' in groups and not ('C' in groups)", true],
      ["('A' in groups or 'B' in groups) and not ('C' in groups)", false],
      ['true or true and false', true],
      ['false and true or true', true],
    ],
    both,
  );
});

test('comparisons bind tighter than and', () => {
  check([['length(userId) gt 0 and length(userId) lt 4 or length(userId) gt 7', true]]);
});

test('not binds tightest: it needs parentheses around a comparison', () => {
  for (const filter of ['not length(userId) gt 5', "not userId eq 'x'", "not 'A' in groups"]) {
    assert.throws(() => parseFilter(filter), /'not'/, filter);
  }
  check([
    ['not (length(userId) gt 5)', true],
    ['not true', false],
    ['not not true', true],
  ]);
});

test('names are read without case, strings are compared with it', () => {
  check([
    ["USERID eq 'ann'", true],
    ["'A' IN Groups AND NOT ('X' In GROUPS)", true],
    ["userId eq 'Ann'", false],
    ["'a' in groups", false],
  ]);
});

test('a quote within a string is written twice', () => {
  check(
    [
      ["userId eq 'bar''s'", true],
      ["'''' eq ''''", true],
    ],
    { ...ANN, userId: "bar's" },
  );
});

test('literals, and the rest of the functions', () => {
  check([
    ['1 eq 1', true],
    ['-1 lt +1', true],
    ['true', true],
    ['false', false],
    ['true eq false', false],
    ["'a' lt 'b'", true],
    ["'b' le 'a'", false],
    ["contains(userId,'nn')", true],
    ["concat(userId,'!') eq 'ann!'", true],
    ["'A' in (groups)", true],
    ["('A') in groups", true],
    ['2 in (1, 2)', true],
  ]);
});

test('a connection without a user: null equals null only, and nothing else holds', () => {
  check(
    [
      ['userId eq null', true],
      ['userId ne null', false],
      ["userId eq 'ann'", false],
      ["userId ne 'ann'", true],
      ['length(userId) gt 0', false],
      ['length(userId) le 0', false],
      ["startswith(userId,'a')", false],
      ["userId in ('a', null)", true],
      ['tolower(userId) eq null', true],
      ["userId lt 'z'", false],
    ],
    NOBODY,
  );
});

test('expressions that are not well formed or not well typed are refused', () => {
  const bad = [
    '',
    ' ',
    'userId',
    "'A'",
    '1',
    'groups',
    'null',
    'userId eq',
    "eq 'a'",
    "userId eq 'a",
    "userId = 'a'",
    "userId eq 'a' userId",
    "userId eq 'a' and",
    "(userId eq 'a'",
    "userId eq 'a')",
    'nothing eq 1',
    'userId eq 1',
    "groups eq 'A'",
    "'A' in userId",
    '1 in groups',
    "'A' in ()",
    "userId in ('a', 1)",
    'true and 1',
    "'a' or true",
    'length(1) gt 1',
    'length() gt 1',
    'startswith(userId) ',
    "substring('a') eq 'a'",
    "substring('a','b') eq 'a'",
    "tolower(groups) eq 'a'",
    'true lt false',
    "userId eq 'a'; true",
    'length',
    "unknown('a')",
    "'A' in groups in groups",
    '\u0000',
    'constructor eq 1',
    "toString('a') eq 'a'",
    '"a" eq userId',
  ];
  for (const filter of bad) assert.throws(() => parseFilter(filter), FilterError, filter);
});

test('very large expressions are refused, not run into', () => {
  const clause = "'A' in groups";
  assert.equal(matches(Array(100).fill(clause).join(' or ')), true);
  assert.throws(() => parseFilter(Array(101).fill(clause).join(' or ')), /100 clauses/);
  const deep = (n) => `${'('.repeat(n)}true${')'.repeat(n)}`;
  assert.equal(matches(deep(90)), true);
  assert.throws(() => parseFilter(deep(100_000)), /nested too deeply/);
  assert.throws(() => parseFilter(`${'not '.repeat(100_000)}true`), /nested too deeply/);
});
