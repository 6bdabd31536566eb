// The OData filter language of the REST interface: reads an expression, checks its types as a
// whole, and returns a function that says whether a connection matches.
//
// The precedence is the documented one, tightest first: not; eq ne gt ge lt le in; and; or.
// So `not length(userId) gt 5` is an error, and `a or b and c` means `a or (b and c)`.

const MAX_CLAUSES = 100; // the documented guideline
const MAX_DEPTH = 100; // nesting of parentheses and calls

/** A fault in a filter, in words for the caller. */
export class FilterError extends Error {}

/**
 * @param {string} text
 * @returns {(connection: {connectionId: string, userId?: string, groups: Set<string>}) => boolean}
 */
export function parseFilter(text) {
  const reader = new Reader(text);
  const expression = or(reader);
  if (reader.peek()) reader.failSyntax();
  expect(expression, 'bool', 'the filter');
  return (connection) => expression.value(connection) === true;
}

// --- tokens ---------------------------------------------------------------------------------

const TOKEN = /\s*(?:('(?:[^']|'')*')|([+-]?\d+)|([A-Za-z_]\w*)|([(),]))/y;

function lex(text) {
  const tokens = [];
  TOKEN.lastIndex = 0;
  while (text.slice(TOKEN.lastIndex).trim() !== '') {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) throw new FilterError(`cannot read the filter at '${text.slice(at, at + 20)}'`);
    const [, string, integer, word, mark] = match;
    const end = TOKEN.lastIndex;
    const add = (kind, value) => tokens.push({ kind, value, end });
    if (string) add('string', string.slice(1, -1).replaceAll("''", "'"));
    else if (integer) add('int', Number(integer));
    else add(word ? 'word' : 'mark', (word ?? mark).toLowerCase());
  }
  return tokens;
}

class Reader {
  #tokens;
  #at = 0;
  #clauses = 0;
  #depth = 0;

  constructor(text) {
    this.text = text;
    this.#tokens = lex(text);
  }

  peek() {
    return this.#tokens[this.#at];
  }

  next() {
    const token = this.#tokens[this.#at++];
    if (!token) throw new FilterError('the filter ends too early');
    return token;
  }

  /** Consumes the next token if it is this word or mark. */
  take(...values) {
    const token = this.peek();
    const found = token && token.kind !== 'string' && values.includes(token.value);
    return found ? this.next().value : undefined;
  }

  must(value) {
    if (!this.take(value)) this.fail(`expected '${value}'`);
  }

  fail(why) {
    const token = this.peek();
    throw new FilterError(`${why}${token ? `, found '${token.value}'` : ', found the end'}`);
  }

  /** A token that can follow nothing that is before it: told as the service was heard to. */
  failSyntax() {
    throw new FilterError(`Syntax error at position ${this.peek().end} in '${this.text}'`);
  }

  countClause() {
    if (++this.#clauses > MAX_CLAUSES) {
      throw new FilterError(`the filter has more than ${MAX_CLAUSES} clauses`);
    }
  }

  nested(read) {
    if (++this.#depth > MAX_DEPTH) throw new FilterError('the filter is nested too deeply');
    const result = read(this);
    this.#depth--;
    return result;
  }
}

// --- expressions: {type, value(connection), name} ---------------------------------------------
// Types: bool, int, string, null, collection. A string or int may turn out null when evaluated.

function or(reader) {
  let left = and(reader);
  while (reader.take('or')) left = logical('or', left, and(reader), (a, b) => a || b());
  return left;
}

function and(reader) {
  let left = comparison(reader);
  while (reader.take('and')) left = logical('and', left, comparison(reader), (a, b) => a && b());
  return left;
}

function logical(name, left, right, combine) {
  expect(left, 'bool', `the left side of '${name}'`);
  expect(right, 'bool', `the right side of '${name}'`);
  const value = (c) => combine(left.value(c), () => right.value(c));
  return { type: 'bool', value };
}

const COMPARE = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  gt: (a, b) => a > b,
  ge: (a, b) => a >= b,
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
};

const OPERATORS = ['and', 'or', 'in', ...Object.keys(COMPARE), '(', ')', ','];

function comparison(reader) {
  const left = unary(reader);
  const operator = reader.take('in', ...Object.keys(COMPARE));
  if (!operator) return left;
  reader.countClause();
  if (operator === 'in') return membership(left, reader);
  const right = unary(reader);
  comparable(operator, left, right);
  return { type: 'bool', value: (c) => compare(operator, left.value(c), right.value(c)) };
}

function comparable(operator, left, right) {
  const types = [left.type, right.type];
  if (types.includes('collection')) throw new FilterError(`'${operator}' cannot compare groups`);
  const ordered = !['eq', 'ne'].includes(operator);
  if (ordered && types.includes('bool')) throw new FilterError(`'${operator}' cannot order bools`);
  if (types.includes('null') || left.type === right.type) return;
  throw new FilterError(`'${operator}' cannot compare ${left.type} with ${right.type}`);
}

/** Nothing is greater or smaller than null. */
function compare(operator, left, right) {
  const ordered = operator !== 'eq' && operator !== 'ne';
  if (ordered && (left === null || right === null)) return false;
  return COMPARE[operator](left, right);
}

function membership(left, reader) {
  if (!['string', 'int', 'bool', 'null'].includes(left.type)) {
    throw new FilterError(`'in' needs a single value on its left, not ${left.type}`);
  }
  const list = collectionOrList(reader);
  for (const item of list.items ?? []) comparable('eq', left, item);
  if (!list.items) expect(left, ['string', 'null'], "the left side of 'in groups'");
  return { type: 'bool', value: (c) => list.has(c, left.value(c)) };
}

/** What follows `in`: groups, in parentheses or not, or a list of values in parentheses. */
function collectionOrList(reader) {
  if (reader.take('groups')) return { has: (c, wanted) => c.groups.has(wanted) };
  reader.must('(');
  const items = [];
  do items.push(reader.nested(or));
  while (reader.take(','));
  reader.must(')');
  if (items.length === 1 && items[0].type === 'collection') {
    return { has: (c, wanted) => c.groups.has(wanted) };
  }
  return { items, has: (c, wanted) => items.some((item) => item.value(c) === wanted) };
}

function unary(reader) {
  if (!reader.take('not')) return primary(reader);
  const operand = reader.nested(unary);
  expect(operand, 'bool', "the operand of 'not' (put it in parentheses)");
  return { type: 'bool', value: (c) => !operand.value(c) };
}

const WORDS = {
  true: { type: 'bool', value: () => true },
  false: { type: 'bool', value: () => false },
  null: { type: 'null', value: () => null },
  userid: { type: 'string', value: (c) => c.userId ?? null },
  connectionid: { type: 'string', value: (c) => c.connectionId },
  groups: { type: 'collection', value: (c) => c.groups },
};

function primary(reader) {
  if (reader.take('(')) {
    const inner = reader.nested(or);
    reader.must(')');
    return inner;
  }
  const token = reader.next();
  if (token.kind === 'string' || token.kind === 'int') {
    return { type: token.kind, value: () => token.value };
  }
  if (Object.hasOwn(FUNCTIONS, token.value)) return call(token.value, reader);
  if (Object.hasOwn(WORDS, token.value)) return WORDS[token.value];
  if (reader.peek() && !OPERATORS.includes(reader.peek().value)) reader.failSyntax();
  throw new FilterError(`unknown name or misplaced '${token.value}'`);
}

// --- functions --------------------------------------------------------------------------------

const S = 'string';
const FUNCTIONS = {
  tolower: { type: S, takes: [S], run: (p) => p.toLowerCase() },
  toupper: { type: S, takes: [S], run: (p) => p.toUpperCase() },
  trim: { type: S, takes: [S], run: (p) => p.trim() },
  concat: { type: S, takes: [S, S], run: (a, b) => a + b },
  substring: { type: S, takes: [S, 'int', 'int'], least: 2, run: substring },
  contains: { type: 'bool', takes: [S, S], run: (p, part) => p.includes(part) },
  startswith: { type: 'bool', takes: [S, S], run: (p, part) => p.startsWith(part) },
  endswith: { type: 'bool', takes: [S, S], run: (p, part) => p.endsWith(part) },
  indexof: { type: 'int', takes: [S, S], run: (p, part) => p.indexOf(part) },
  length: { type: 'int', takes: [[S, 'collection']], run: (p) => p.length ?? p.size },
};

function substring(text, start, length) {
  const from = Math.max(start, 0);
  return length === undefined ? text.slice(from) : text.slice(from, from + Math.max(length, 0));
}

function call(name, reader) {
  const { type, takes, least = takes.length, run } = FUNCTIONS[name];
  reader.must('(');
  const given = [];
  do given.push(reader.nested(or));
  while (reader.take(','));
  reader.must(')');
  if (given.length < least || given.length > takes.length) {
    throw new FilterError(`'${name}' does not take ${given.length} argument(s)`);
  }
  given.forEach((argument, i) => {
    expect(argument, [takes[i], 'null'].flat(), `argument ${i + 1} of '${name}'`);
  });
  const value = (c) => {
    const values = given.map((argument) => argument.value(c));
    if (values.includes(null)) return type === 'bool' ? false : null;
    return run(...values);
  };
  return { type, value };
}

function expect(expression, types, where) {
  if ([types].flat().includes(expression.type)) return;
  throw new FilterError(`${where} is ${expression.type}, not ${[types].flat()[0]}`);
}
