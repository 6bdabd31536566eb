// The built page asks for nothing that one of the oldest browsers of the README lacks (Chrome 111,
// Firefox 115, Safari 15.4), or asks first whether it is there.
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { test } from '../lib/test.js';

const DIST = new URL('../../web/dist/assets/', import.meta.url);
const SOURCES = new URL('../../web/src/', import.meta.url);

/** What style sheets may have within @supports only, and who lacks it. */
const LOOKS = {
  ':has()': /:has\(/, // Firefox before 121
  'color-mix()': /color-mix\(/, // Safari before 16.2, Firefox before 113
  'light-dark()': /light-dark\(/, // all three
  'container queries': /@container|container-type|\bcq[wh]\b/, // Safari before 16
  '@scope, @starting-style, @property': /@(scope|starting-style|property)\b/, // Firefox 115
  nesting: /[{;}]\s*&/, // Chrome before 112, Firefox before 117, Safari before 16.5
  'anchor positioning': /anchor-name|position-anchor|position-area/, // all three
  'oklch() and the like': /\b(ok)?l(ab|ch)\(/, // Firefox before 113
  'text-wrap': /text-wrap/, // Firefox before 121, Safari before 17.4
  'field-sizing, interpolate-size': /field-sizing|interpolate-size/, // all three
  'subgrid': /subgrid/, // Chrome before 117, Safari before 16
  ':popover-open': /:popover-open/, // all three
  'media ranges': /@media[^{]*[<>]/, // Safari before 16.4
};
/** Monaco's: widgets that the page never shows, or what our own style sheet says otherwise. */
const MONACO = [
  /^\.action-widget:has\(/,
  /^\.rendered-markdown li:has\(/,
  /^\.monaco-switch\{/,
  // Without it, the edge of a key's name has the colour of its letters.
  /\.quick-input-list .*\.monaco-keybinding-key\{border-color:color-mix/,
  /text-wrap:nowrap/,
];

/** What scripts may not use at all. */
const FUNCTIONS = {
  'AbortSignal.timeout, any': /AbortSignal\.(timeout|any)\b/, // Safari before 16
  'array copies': /\.to(Sorted|Reversed|Spliced)\(/, // Safari before 16
  groupBy: /\b(Object|Map)\.groupBy/,
  'Promise.withResolvers, try': /Promise\.(withResolvers|try)\b/,
  'Array.fromAsync': /Array\.fromAsync/,
  'sets of sets': /\.(isSubsetOf|isDisjointFrom|symmetricDifference)\(/,
  'well-formed strings': /\.(is|to)WellFormed\(/, // Safari before 16.4
  'URL.canParse': /URL\.canParse/, // Chrome before 120
  'size of parameters': /searchParams\.size/, // Chrome before 113, Safari before 17
  'base64 of bytes': /\.toBase64\(|Uint8Array\.from(Base64|Hex)/,
  'streams that compress': /\b(Dec|C)ompressionStream\b/, // Safari before 16.4
  popover: /\.(show|hide|toggle)Popover\(/,
  'import.meta.resolve': /import\.meta\.resolve/,
  scheduler: /\bscheduler\.(yield|postTask)/,
  startViewTransition: /startViewTransition/,
  'classes with static blocks': /\bstatic\{/, // Safari before 16.4
};
/** What Safari 15.4 cannot even read. */
const LOOKBEHIND = /[=(,:[!&|?{};]\/(?![*/])(?:\\.|\[(?:\\.|[^\]\n\\])*\]|[^/\n\\[])*\(\?<[=!]/;
/** What the packages ask for before they use it; ours do not use it. */
const ASKED_FOR = /\b(requestIdleCallback|Segmenter|EditContext|adoptedStyleSheets|OffscreenCanvas)\b/;

async function built(end) {
  const names = (await readdir(DIST)).filter((name) => name.endsWith(end));
  const read = async (name) => [name, gunzipSync(await readFile(new URL(name, DIST))).toString()];
  return Promise.all(names.map(read));
}

/** A style sheet without what stands in @supports. */
function unconditional(css) {
  let rest = css;
  for (let start; (start = rest.indexOf('@supports')) >= 0; ) {
    let end = rest.indexOf('{', start) + 1;
    for (let depth = 1; depth > 0; end++) {
      assert.ok(end < rest.length, 'a block without an end');
      if (rest[end] === '{') depth++;
      else if (rest[end] === '}') depth--;
    }
    rest = rest.slice(0, start) + rest.slice(end);
  }
  return rest;
}

/** What of the list a style sheet has. */
function looks(css) {
  const rules = unconditional(css).replaceAll('}', '}\n').split('\n');
  return Object.entries(LOOKS).flatMap(([name, pattern]) =>
    rules.filter((rule) => pattern.test(rule)).map((rule) => ({ name, rule })),
  );
}

const functions = (code) =>
  Object.entries(FUNCTIONS).filter(([, pattern]) => pattern.test(code)).map(([name]) => name);

test('no look depends on what one of the oldest browsers lacks', async () => {
  const sheets = await built('.css');
  assert.equal(sheets.length, 2);
  for (const [name, css] of sheets) {
    const known = (rule) => name.startsWith('editor-') && MONACO.some((pattern) => pattern.test(rule));
    assert.deepEqual(looks(css).filter(({ rule }) => !known(rule)), [], name);
  }
});

test('no script calls what one of the oldest browsers lacks', async () => {
  const scripts = await built('.js');
  assert.ok(scripts.length > 50);
  for (const [name, code] of scripts) {
    assert.deepEqual(functions(code), [], name);
    assert.equal(LOOKBEHIND.exec(code)?.[0], undefined, name);
  }
  for (const name of (await readdir(SOURCES)).filter((file) => file.endsWith('.js'))) {
    const code = (await readFile(new URL(name, SOURCES), 'utf8')).replace(/\/\*[^]*?\*\/|\/\/.*/g, '');
    assert.deepEqual([...functions(code), ...(ASKED_FOR.exec(code) ?? [])], [], name);
  }
});

test('the lists find what they name, and @supports makes it allowed', () => {
  assert.equal(looks('a:has(b){color:red}')[0].name, ':has()');
  assert.deepEqual(looks('@supports selector(:has(*)){a:has(b){color:red}}c{color:blue}'), []);
  assert.equal(looks('@supports (x:y){a{b:c}}d{color:color-mix(in srgb,red,blue)}').length, 1);
  assert.deepEqual(functions('fetch(u,{signal:AbortSignal.timeout(5)})'), ['AbortSignal.timeout, any']);
  assert.ok(LOOKBEHIND.test('x=/[/]a(?<=b)/g'));
  assert.ok(!LOOKBEHIND.test('x=/[/]a(?<b>c)/g;y=new RegExp("(?<=\\\\.)")'));
});
