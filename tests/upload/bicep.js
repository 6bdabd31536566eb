// Reads Bicep as far as the templates in infra/ use it: declarations, literals, objects, calls,
// lambdas of one parameter, the operators that they need. What it does not know is an error with its line.

const BLANK = /([ \t\r]+|\/\/[^\n]*|\/\*[^]*?\*\/)|(\n)/;
const THING = /(\d+)|([A-Za-z_]\w*)|(=>|\?\?|\.\?|&&|[@{}[\]().,:?=!-])|(')/;
const TOKEN = new RegExp(`${BLANK.source}|${THING.source}`, 'y');

function tokenize(text) {
  const tokens = [];
  let at = 0;
  const where = () => `line ${text.slice(0, at).split('\n').length}`;
  while (at < text.length) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (!match) throw new Error(`${where()}: not understood: ${text.slice(at, at + 20)}`);
    const [all, blank, newline, number, word, sign] = match;
    const line = where();
    at += all.length;
    if (blank) continue;
    if (newline) tokens.push({ is: 'newline', line });
    else if (number) tokens.push({ is: 'number', value: Number(number), line });
    else if (word) tokens.push({ is: 'word', value: word, line });
    else if (sign) tokens.push({ is: sign, line });
    else tokens.push({ is: 'string', parts: stringParts(), line });
  }
  return [...tokens, { is: 'newline', line: where() }, { is: 'end', line: where() }];

  function stringParts() {
    const parts = [''];
    for (;;) {
      const rest = text.slice(at);
      const plain = /^(?:[^'\\$\n]|\\[\\'nrt$]|\$(?!\{))*/.exec(rest)[0];
      parts[parts.length - 1] += plain.replace(/\\(.)/g, '$1');
      at += plain.length;
      if (text[at] === "'") { at += 1; return parts; }
      if (!text.startsWith('${', at)) throw new Error(`${where()}: a string without an end`);
      const end = text.indexOf('}', at);
      parts.push(new Parser(tokenize(text.slice(at + 2, end))).expression(), '');
      at = end + 1;
    }
  }
}

class Parser {
  constructor(tokens) {
    this.tokens = tokens;
  }

  get next() { return this.tokens[0]; }

  take(is, value) {
    const token = this.tokens.shift();
    if (token.is !== is || (value && token.value !== value)) {
      throw new Error(`${token.line}: ${value ?? is} expected, found ${token.value ?? token.is}`);
    }
    return token;
  }

  accept(is, value) {
    const found = this.next.is === is && (!value || this.next.value === value);
    return found && this.tokens.shift();
  }

  template() {
    const found = { param: {}, var: {}, resource: {}, module: {}, output: {} };
    let decorators = [];
    while (this.next.is !== 'end') {
      if (this.accept('newline')) continue;
      if (this.accept('@')) { decorators.push(this.expression()); continue; }
      const kind = this.take('word').value;
      if (!found[kind]) throw new Error(`${this.next.line}: unknown statement ${kind}`);
      const name = this.take('word').value;
      if (found[kind][name]) throw new Error(`${this.next.line}: ${name} for the second time`);
      found[kind][name] = { ...this[kind](), decorators };
      decorators = [];
      this.take('newline');
    }
    return found;
  }

  param() {
    const type = this.type();
    return { type, value: this.accept('=') && this.expression() };
  }

  var() {
    this.take('=');
    return { value: this.expression() };
  }

  output() {
    return { type: this.type(), value: (this.take('='), this.expression()) };
  }

  module() {
    const file = this.take('string').parts.join('');
    this.take('=');
    const condition = this.accept('word', 'if') && this.primary();
    return { file, condition, value: this.primary() };
  }

  resource() {
    const type = this.take('string').parts.join('');
    const existing = Boolean(this.accept('word', 'existing'));
    this.take('=');
    const condition = this.accept('word', 'if') && this.primary();
    return { type, existing, condition, value: this.primary() };
  }

  /** A name, with [] behind it, or { fields: { NAME: type } }, { each: type }, { optional: type }. */
  type() {
    let type = this.accept('{') ? { fields: this.entries(() => this.type()) } : this.take('word').value;
    for (;;) {
      if (this.accept('[')) {
        this.take(']');
        type = typeof type === 'string' ? `${type}[]` : { each: type };
      } else if (this.accept('?')) type = { optional: type };
      else return type;
    }
  }

  expression() {
    let test = this.operand();
    if (test.is === 'name' && this.accept('=>')) {
      return { is: 'lambda', param: test.name, body: this.expression() };
    }
    for (;;) {
      if (this.accept('-')) test = { is: 'difference', of: [test, this.operand()] };
      else if (this.accept('&&')) test = { is: 'both', of: [test, this.operand()] };
      else if (this.accept('??')) test = { is: 'default', of: [test, this.operand()] };
      else break;
    }
    if (!this.accept('?')) return test;
    const yes = this.primary();
    this.take(':');
    return { is: 'choice', test, yes, no: this.primary() };
  }

  operand() {
    return this.accept('!') ? { is: 'not', of: this.operand() } : this.primary();
  }

  primary() {
    let value = this.atom();
    for (;;) {
      if (this.accept('.')) value = { is: 'member', of: value, name: this.take('word').value };
      else if (this.accept('.?')) {
        value = { is: 'member', of: value, name: this.take('word').value, isOptional: true };
      } else if (this.accept('(')) value = { is: 'call', of: value, args: this.list(')') };
      else if (this.accept('[')) {
        value = { is: 'index', of: value, at: this.expression() };
        this.take(']');
      } else return value;
    }
  }

  atom() {
    const token = this.tokens.shift();
    if (token.is === 'number') return { is: 'int', value: token.value };
    if (token.is === 'string') return { is: 'string', parts: token.parts };
    if (token.is === '[') return { is: 'array', items: this.list(']') };
    if (token.is === '{') return { is: 'object', entries: this.entries() };
    if (token.is === '(') { const value = this.expression(); this.take(')'); return value; }
    if (token.is !== 'word') throw new Error(`${token.line}: unexpected ${token.is}`);
    const { value } = token;
    if (value === 'true' || value === 'false') return { is: 'bool', value: value === 'true' };
    return { is: 'name', name: value };
  }

  list(end) {
    const items = [];
    for (;;) {
      while (this.accept('newline') || this.accept(','));
      if (this.accept(end)) return items;
      items.push(this.expression());
      if (![end, ',', 'newline'].includes(this.next.is)) this.take(end);
    }
  }

  entries(read = () => this.expression()) {
    const entries = {};
    for (;;) {
      while (this.accept('newline') || this.accept(','));
      if (this.accept('}')) return entries;
      const { value } = this.take('word');
      this.take(':');
      if (value in entries) throw new Error(`${this.next.line}: ${value} for the second time`);
      entries[value] = read();
      if (!['}', ',', 'newline'].includes(this.next.is)) this.take('}');
    }
  }
}

/**
 * @param {string} text
 * @returns {{ param: object, var: object, resource: object, module: object, output: object }}  by name; `value` is
 *   an expression, `decorators` a list of them
 */
export function parse(text) {
  return new Parser(tokenize(text)).template();
}
