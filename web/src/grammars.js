// Monaco's grammars, each loaded when its language is first chosen. The ids and names of the menu
// are in languages.js; which of the grammars are safe, and what is mended, in grammars/.

import * as monaco from 'monaco-editor/editor';
import { LANGUAGES } from './languages.js';
import { mended } from './mends.js';

/** @type {Record<string, () => Promise<any>>} */
const DEFINITIONS = {
  abap: () => import('monaco-editor/languages/definitions/abap/abap'),
  aes: () => import('monaco-editor/languages/definitions/sophia/sophia'),
  apex: () => import('monaco-editor/languages/definitions/apex/apex'),
  azcli: () => import('monaco-editor/languages/definitions/azcli/azcli'),
  bat: () => import('monaco-editor/languages/definitions/bat/bat'),
  bicep: () => import('monaco-editor/languages/definitions/bicep/bicep'),
  c: () => import('monaco-editor/languages/definitions/cpp/cpp'),
  cameligo: () => import('monaco-editor/languages/definitions/cameligo/cameligo'),
  clojure: () => import('monaco-editor/languages/definitions/clojure/clojure'),
  coffeescript: () => import('monaco-editor/languages/definitions/coffee/coffee'),
  cpp: () => import('monaco-editor/languages/definitions/cpp/cpp'),
  csharp: () => import('monaco-editor/languages/definitions/csharp/csharp'),
  csp: () => import('monaco-editor/languages/definitions/csp/csp'),
  css: () => import('monaco-editor/languages/definitions/css/css'),
  cypher: () => import('monaco-editor/languages/definitions/cypher/cypher'),
  dart: () => import('monaco-editor/languages/definitions/dart/dart'),
  dockerfile: () => import('monaco-editor/languages/definitions/dockerfile/dockerfile'),
  ecl: () => import('monaco-editor/languages/definitions/ecl/ecl'),
  elixir: () => import('monaco-editor/languages/definitions/elixir/elixir'),
  flow9: () => import('monaco-editor/languages/definitions/flow9/flow9'),
  freemarker2: () => import('monaco-editor/languages/definitions/freemarker2/freemarker2'),
  fsharp: () => import('monaco-editor/languages/definitions/fsharp/fsharp'),
  go: () => import('monaco-editor/languages/definitions/go/go'),
  graphql: () => import('monaco-editor/languages/definitions/graphql/graphql'),
  handlebars: () => import('monaco-editor/languages/definitions/handlebars/handlebars'),
  hcl: () => import('monaco-editor/languages/definitions/hcl/hcl'),
  html: () => import('monaco-editor/languages/definitions/html/html'),
  ini: () => import('monaco-editor/languages/definitions/ini/ini'),
  java: () => import('monaco-editor/languages/definitions/java/java'),
  javascript: () => import('monaco-editor/languages/definitions/javascript/javascript'),
  julia: () => import('monaco-editor/languages/definitions/julia/julia'),
  kotlin: () => import('monaco-editor/languages/definitions/kotlin/kotlin'),
  less: () => import('monaco-editor/languages/definitions/less/less'),
  lexon: () => import('monaco-editor/languages/definitions/lexon/lexon'),
  liquid: () => import('monaco-editor/languages/definitions/liquid/liquid'),
  lua: () => import('monaco-editor/languages/definitions/lua/lua'),
  m3: () => import('monaco-editor/languages/definitions/m3/m3'),
  markdown: () => import('monaco-editor/languages/definitions/markdown/markdown'),
  mdx: () => import('monaco-editor/languages/definitions/mdx/mdx'),
  mips: () => import('monaco-editor/languages/definitions/mips/mips'),
  msdax: () => import('monaco-editor/languages/definitions/msdax/msdax'),
  mysql: () => import('monaco-editor/languages/definitions/mysql/mysql'),
  'objective-c': () => import('monaco-editor/languages/definitions/objective-c/objective-c'),
  pascal: () => import('monaco-editor/languages/definitions/pascal/pascal'),
  pascaligo: () => import('monaco-editor/languages/definitions/pascaligo/pascaligo'),
  perl: () => import('monaco-editor/languages/definitions/perl/perl'),
  pgsql: () => import('monaco-editor/languages/definitions/pgsql/pgsql'),
  php: () => import('monaco-editor/languages/definitions/php/php'),
  pla: () => import('monaco-editor/languages/definitions/pla/pla'),
  postiats: () => import('monaco-editor/languages/definitions/postiats/postiats'),
  powerquery: () => import('monaco-editor/languages/definitions/powerquery/powerquery'),
  powershell: () => import('monaco-editor/languages/definitions/powershell/powershell'),
  proto: () => import('monaco-editor/languages/definitions/protobuf/protobuf'),
  pug: () => import('monaco-editor/languages/definitions/pug/pug'),
  python: () => import('monaco-editor/languages/definitions/python/python'),
  qsharp: () => import('monaco-editor/languages/definitions/qsharp/qsharp'),
  r: () => import('monaco-editor/languages/definitions/r/r'),
  razor: () => import('monaco-editor/languages/definitions/razor/razor'),
  redis: () => import('monaco-editor/languages/definitions/redis/redis'),
  redshift: () => import('monaco-editor/languages/definitions/redshift/redshift'),
  restructuredtext: () => import('monaco-editor/languages/definitions/restructuredtext/restructuredtext'),
  ruby: () => import('monaco-editor/languages/definitions/ruby/ruby'),
  rust: () => import('monaco-editor/languages/definitions/rust/rust'),
  sb: () => import('monaco-editor/languages/definitions/sb/sb'),
  scala: () => import('monaco-editor/languages/definitions/scala/scala'),
  scheme: () => import('monaco-editor/languages/definitions/scheme/scheme'),
  scss: () => import('monaco-editor/languages/definitions/scss/scss'),
  shell: () => import('monaco-editor/languages/definitions/shell/shell'),
  sol: () => import('monaco-editor/languages/definitions/solidity/solidity'),
  sparql: () => import('monaco-editor/languages/definitions/sparql/sparql'),
  sql: () => import('monaco-editor/languages/definitions/sql/sql'),
  st: () => import('monaco-editor/languages/definitions/st/st'),
  swift: () => import('monaco-editor/languages/definitions/swift/swift'),
  systemverilog: () => import('monaco-editor/languages/definitions/systemverilog/systemverilog'),
  tcl: () => import('monaco-editor/languages/definitions/tcl/tcl'),
  twig: () => import('monaco-editor/languages/definitions/twig/twig'),
  typescript: () => import('monaco-editor/languages/definitions/typescript/typescript'),
  typespec: () => import('monaco-editor/languages/definitions/typespec/typespec'),
  vb: () => import('monaco-editor/languages/definitions/vb/vb'),
  verilog: () => import('monaco-editor/languages/definitions/systemverilog/systemverilog'),
  wgsl: () => import('monaco-editor/languages/definitions/wgsl/wgsl'),
  xml: () => import('monaco-editor/languages/definitions/xml/xml'),
  yaml: () => import('monaco-editor/languages/definitions/yaml/yaml'),
};

for (const { id, label } of LANGUAGES) {
  const load = DEFINITIONS[id];
  if (!load) continue;
  monaco.languages.register({ id, aliases: [label] });
  monaco.languages.registerTokensProviderFactory(id, {
    create: async () => mended(id, (await load()).language),
  });
  monaco.languages.onLanguageEncountered(id, async () =>
    monaco.languages.setLanguageConfiguration(id, (await load()).conf),
  );
}

// Monaco has JSON only with a checker of 130 kB; a few rules are enough for colours.
monaco.languages.register({ id: 'json', extensions: ['.json'], aliases: ['JSON'] });
monaco.languages.setLanguageConfiguration('json', {
  brackets: [
    ['{', '}'],
    ['[', ']'],
  ],
  autoClosingPairs: [
    { open: '{', close: '}' },
    { open: '[', close: ']' },
    { open: '"', close: '"', notIn: ['string'] },
  ],
  comments: { lineComment: '//', blockComment: ['/*', '*/'] },
});
monaco.languages.setMonarchTokensProvider('json', {
  tokenPostfix: '.json',
  brackets: [
    { open: '{', close: '}', token: 'delimiter.bracket' },
    { open: '[', close: ']', token: 'delimiter.array' },
  ],
  tokenizer: {
    root: [
      [/"(?:[^"\\]|\\.)*"(?=\s*:)/, 'type'],
      [/"(?:[^"\\]|\\.)*"/, 'string'],
      [/"(?:[^"\\]|\\.)*$/, 'string.invalid'],
      [/-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/, 'number'],
      [/\b(?:true|false|null)\b/, 'keyword'],
      [/[{}[\]]/, '@brackets'],
      [/[,:]/, 'delimiter'],
      [/\/\/.*$/, 'comment'],
      [/\/\*/, 'comment', '@comment'],
    ],
    comment: [
      [/[^*/]+/, 'comment'],
      [/\*\//, 'comment', '@pop'],
      [/[*/]/, 'comment'],
    ],
  },
});
