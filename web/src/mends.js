// What of Monaco's grammars is replaced, because a short line could hold the page for seconds: for
// each expression that `make grammars` found to be exponential or cubic, one that says the same, or
// nearly so, and never tries the same letters in two ways. And what writes to the console.

/** A name of CSS; what is escaped is one character, and hexadecimal digits after it are letters. */
const NAME = String.raw`-?-?(?:[a-zA-Z]|\\[^\n])(?:[\w\-]|\\[^\n])*`;
const NAME_PLUS = String.raw`-?-?(?:[a-zA-Z:.]|\\[^\n])(?:[\w\-:.]|\\[^\n])*`;

/** What ends a symbol of Clojure. */
const END = String.raw`[\\\[\]\s"(),;@^` + '`' + String.raw`{}~]`;
const SYMBOL = String.raw`[^\\\/\[\]\d\s"#'(),;@^` + '`' + String.raw`{}~][^\\\[\]\s"(),;@^` + '`{}~]*';

/** Two labels of a block of HCL, either of which may be missing, with the blanks behind them. */
const LABEL = String.raw`([\w-]+(?![\w-])|"[\w-]+"|)([ \t]*(?![ \t]))`;
const BLOCK = String.raw`(\w+[ \t]+(?![ \t]))()${LABEL}`;

/** @type {Record<string, (grammar: any) => void>} each changes a copy of the grammar */
const MENDS = {
  css: (grammar) => Object.assign(grammar, { identifier: NAME }),
  scss: (grammar) => Object.assign(grammar, { identifier: NAME }),
  less(grammar) {
    Object.assign(grammar, { identifier: NAME, identifierPlus: NAME_PLUS });
    replace(grammar, '(@[\\s]*import|![\\s]*important|', '(@@import|!important|');
  },
  clojure(grammar) {
    grammar.qualifiedSymbols = new RegExp(`^(?:(?:\\/|${SYMBOL})(?=${END}|$))`);
    replace(grammar, '\\/#"(?:\\.|(?:")|[^"\\n])*"\\/g', '#"(?:\\\\.|[^"\\\\\\n])*"');
  },
  graphql(grammar) {
    const { root } = grammar.tokenizer;
    grammar.tokenizer.root = root.map((/** @type {any} */ rule) => (rule[1]?.log ? [rule[0], rule[1].token] : rule));
  },
  hcl(grammar) {
    const labels = '([ \\t]*)([\\w-]+|"[\\w-]+"|)([ \\t]*)([\\w-]+|"[\\w-]+"|)';
    const label = '([\\w-]+(?![\\w-])|"[\\w-]+"|)';
    replace(grammar, `(\\w+[ \\t]+)${labels}`, `${BLOCK}${label}`);
    replace(grammar, labels, `([ \\t]*(?![ \\t]))${LABEL}${label}`);
  },
  // At each of a line's braces, the time would grow with the square of how many there are.
  markdown: (grammar) => replace(grammar, '\\{+[^}]+\\}+', '\\{[^}]+\\}+'),
  mdx(grammar) {
    replace(grammar, '(\\[)(.+)(]\\()(.+)(\\s+".*")(\\))', '(\\[)([^\\]]+)(]\\()([^\\s)]+)(\\s+"[^"]*")(\\))');
    replace(grammar, '`{3,}(\\S+).*$', '```(\\S+)(?!\\S).*$');
    replace(grammar, '~{3,}(\\S+).*$', '~~~(\\S+)(?!\\S).*$');
  },
  yaml: (grammar) => replace(grammar, '(?![ \\t]*\\S+)', '(?![ \\t]*\\S)'),
};

/**
 * @param {string} id @param {any} grammar  Monaco's
 * @returns {any} the grammar without the expressions that are not safe
 */
export function mended(id, grammar) {
  const mend = Object.hasOwn(MENDS, id) ? MENDS[id] : undefined;
  if (!mend) return grammar;
  const copy = { ...grammar, tokenizer: { ...grammar.tokenizer } };
  mend(copy);
  return copy;
}

/**
 * Replaces a part of all expressions that have it.
 * @param {any} grammar @param {string} part @param {string} by
 */
function replace(grammar, part, by) {
  let found = false;
  const inExpression = (/** @type {any} */ expression) => {
    const { source, flags } = expression instanceof RegExp ? expression : { source: expression, flags: '' };
    if (typeof source !== 'string' || !source.includes(part)) return expression;
    found = true;
    const mendedSource = source.replace(part, () => by);
    return expression instanceof RegExp ? new RegExp(mendedSource, flags) : mendedSource;
  };
  for (const [state, rules] of Object.entries(grammar.tokenizer))
    grammar.tokenizer[state] = rules.map((/** @type {any} */ rule) => {
      if (Array.isArray(rule)) return [inExpression(rule[0]), ...rule.slice(1)];
      return rule.regex ? { ...rule, regex: inExpression(rule.regex) } : rule;
    });
  if (!found) throw new Error(`the grammar has no expression with ${part}`);
}
