// The languages of the menu: what Monaco calls them, what people call them, which file names
// belong to them, and what CodeMirror calls them if it has colours for them.

/**
 * @typedef {{ id: string, label: string, extensions: string[], reader: string | undefined }}
 *   Language
 */

/** @type {[id: string, label: string, extensions: string, reader?: string][]} */
const TABLE = [
  ['plaintext', 'Plain text', 'txt log csv'],
  ['abap', 'ABAP', 'abap'],
  ['apex', 'Apex', 'cls', 'Java'],
  ['postiats', 'ATS', 'dats sats hats'],
  ['azcli', 'Azure CLI', 'azcli', 'Shell'],
  ['bat', 'Batch', 'bat cmd'],
  ['bicep', 'Bicep', 'bicep'],
  ['c', 'C', 'c h', 'C'],
  ['csharp', 'C#', 'cs csx cake', 'C#'],
  ['cpp', 'C++', 'cpp cc cxx hpp hh hxx', 'C++'],
  ['cameligo', 'CameLIGO', 'mligo', 'OCaml'],
  ['clojure', 'Clojure', 'clj cljs cljc edn', 'Clojure'],
  ['coffeescript', 'CoffeeScript', 'coffee', 'CoffeeScript'],
  ['csp', 'CSP', 'csp'],
  ['css', 'CSS', 'css', 'CSS'],
  ['cypher', 'Cypher', 'cypher cyp', 'Cypher'],
  ['dart', 'Dart', 'dart', 'Dart'],
  ['msdax', 'DAX', 'dax msdax'],
  ['dockerfile', 'Dockerfile', 'dockerfile containerfile', 'Dockerfile'],
  ['ecl', 'ECL', 'ecl', 'ECL'],
  ['elixir', 'Elixir', 'ex exs', 'Elixir'],
  ['fsharp', 'F#', 'fs fsi fsx fsscript ml mli', 'F#'],
  ['flow9', 'Flow9', 'flow'],
  ['freemarker2', 'FreeMarker', 'ftl ftlh ftlx'],
  ['go', 'Go', 'go', 'Go'],
  ['graphql', 'GraphQL', 'graphql gql', 'GraphQL'],
  ['handlebars', 'Handlebars', 'handlebars hbs', 'HTML'],
  ['hcl', 'HCL', 'tf tfvars hcl', 'HCL'],
  ['html', 'HTML', 'html htm xhtml shtml jsp asp aspx vue', 'HTML'],
  ['ini', 'INI', 'ini conf properties toml env editorconfig gitconfig gitattributes', 'Properties files'],
  ['java', 'Java', 'java jav', 'Java'],
  ['javascript', 'JavaScript', 'js mjs cjs jsx', 'JSX'],
  ['json', 'JSON', 'json jsonc', 'JSON'],
  ['julia', 'Julia', 'jl', 'Julia'],
  ['kotlin', 'Kotlin', 'kt kts', 'Kotlin'],
  ['less', 'Less', 'less', 'LESS'],
  ['lexon', 'Lexon', 'lex'],
  ['liquid', 'Liquid', 'liquid', 'Liquid'],
  ['lua', 'Lua', 'lua', 'Lua'],
  ['markdown', 'Markdown', 'md markdown mkd', 'Markdown'],
  ['mdx', 'MDX', 'mdx', 'Markdown'],
  ['mips', 'MIPS', 's', 'Gas'],
  ['m3', 'Modula-3', 'm3 i3 mg ig'],
  ['mysql', 'MySQL', 'mysql', 'MySQL'],
  ['objective-c', 'Objective-C', 'm', 'Objective-C'],
  ['pascal', 'Pascal', 'pas p pp', 'Pascal'],
  ['pascaligo', 'PascaLIGO', 'ligo', 'Pascal'],
  ['perl', 'Perl', 'pl pm', 'Perl'],
  ['php', 'PHP', 'php phtml', 'PHP'],
  ['pla', 'PLA', 'pla'],
  ['pgsql', 'PostgreSQL', 'pgsql', 'PostgreSQL'],
  ['powerquery', 'Power Query', 'pq pqm'],
  ['powershell', 'PowerShell', 'ps1 psm1 psd1', 'PowerShell'],
  ['proto', 'Protocol Buffers', 'proto', 'ProtoBuf'],
  ['pug', 'Pug', 'pug jade', 'Pug'],
  ['python', 'Python', 'py pyw', 'Python'],
  ['qsharp', 'Q#', 'qs'],
  ['r', 'R', 'r rmd', 'R'],
  ['razor', 'Razor', 'cshtml', 'HTML'],
  ['redis', 'Redis', 'redis'],
  ['redshift', 'Redshift', 'redshift', 'PostgreSQL'],
  ['restructuredtext', 'reStructuredText', 'rst'],
  ['ruby', 'Ruby', 'rb gemspec rakefile gemfile', 'Ruby'],
  ['rust', 'Rust', 'rs', 'Rust'],
  ['scala', 'Scala', 'scala sc sbt', 'Scala'],
  ['scheme', 'Scheme', 'scm ss sch rkt', 'Scheme'],
  ['scss', 'SCSS', 'scss', 'SCSS'],
  ['shell', 'Shell', 'sh bash zsh', 'Shell'],
  ['sb', 'Small Basic', 'sb'],
  ['sol', 'Solidity', 'sol'],
  ['aes', 'Sophia', 'aes'],
  ['sparql', 'SPARQL', 'rq', 'SPARQL'],
  ['sql', 'SQL', 'sql', 'SQL'],
  ['st', 'Structured Text', 'st iecst'],
  ['swift', 'Swift', 'swift', 'Swift'],
  ['systemverilog', 'SystemVerilog', 'sv svh', 'SystemVerilog'],
  ['tcl', 'Tcl', 'tcl', 'Tcl'],
  ['twig', 'Twig', 'twig', 'Jinja'],
  ['typescript', 'TypeScript', 'ts tsx mts cts', 'TypeScript'],
  ['typespec', 'TypeSpec', 'tsp', 'TypeScript'],
  ['verilog', 'Verilog', 'v vh', 'Verilog'],
  ['vb', 'Visual Basic', 'vb', 'VB.NET'],
  ['wgsl', 'WGSL', 'wgsl'],
  ['xml', 'XML', 'xml svg xsd xsl xslt dtd xaml csproj config props targets', 'XML'],
  ['yaml', 'YAML', 'yaml yml', 'YAML'],
];

/** @type {Language[]} plain text first, the others by name */
export const LANGUAGES = TABLE.map(([id, label, extensions, reader]) => ({
  id,
  label,
  extensions: extensions.split(' ').filter(Boolean),
  reader,
}));

const byId = new Map(LANGUAGES.map((language) => [language.id, language]));

/** One of ours, whatever the other side named. @param {unknown} id @returns {Language} */
export function languageOf(id) {
  return byId.get(String(id)) ?? LANGUAGES[0];
}

/** The language of a file, by its name. @param {string} name */
export function languageOfFile(name) {
  const extension = name.toLowerCase().split('.').pop();
  return LANGUAGES.find(({ extensions }) => extensions.includes(extension ?? '')) ?? LANGUAGES[0];
}

/**
 * Extensions that tell a system, or people, what a file is: besides those of the languages, the
 * ones that are most often run or trusted.
 */
const EXTENSIONS = new Set([
  ...LANGUAGES.flatMap(({ extensions }) => extensions),
  ...'exe com scr msi pif lnk url hta vbs vbe jse wsf wsh reg dmg jar apk deb rpm'.split(' '),
  ...'pdf doc docx docm xls xlsx xlsm ppt pptx odt ods rtf jpg jpeg png gif webp'.split(' '),
  ...'mp3 mp4 avi mov zip rar 7z gz tar iso'.split(' '),
]);

/** @param {string} part of a name, between dots */
export const isExtension = (part) => EXTENSIONS.has(part.trim().toLowerCase());
