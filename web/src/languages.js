// The languages of the menu: what Monaco calls them, what people call them, and which file names
// belong to them.

/** @typedef {{ id: string, label: string, extensions: string[] }} Language */

/** @type {Language[]} plain text first, the others by name */
export const LANGUAGES = [
  { id: 'plaintext', label: 'Plain text', extensions: ['txt', 'log', 'csv'] },
  { id: 'bat', label: 'Batch', extensions: ['bat', 'cmd'] },
  { id: 'bicep', label: 'Bicep', extensions: ['bicep'] },
  { id: 'c', label: 'C', extensions: ['c', 'h'] },
  { id: 'csharp', label: 'C#', extensions: ['cs', 'csx'] },
  { id: 'cpp', label: 'C++', extensions: ['cpp', 'cc', 'cxx', 'hpp', 'hh'] },
  { id: 'clojure', label: 'Clojure', extensions: ['clj', 'cljs', 'edn'] },
  { id: 'css', label: 'CSS', extensions: ['css'] },
  { id: 'dart', label: 'Dart', extensions: ['dart'] },
  { id: 'dockerfile', label: 'Dockerfile', extensions: ['dockerfile'] },
  { id: 'elixir', label: 'Elixir', extensions: ['ex', 'exs'] },
  { id: 'fsharp', label: 'F#', extensions: ['fs', 'fsx'] },
  { id: 'go', label: 'Go', extensions: ['go'] },
  { id: 'graphql', label: 'GraphQL', extensions: ['graphql', 'gql'] },
  { id: 'hcl', label: 'HCL', extensions: ['tf', 'tfvars', 'hcl'] },
  { id: 'html', label: 'HTML', extensions: ['html', 'htm'] },
  { id: 'ini', label: 'INI', extensions: ['ini', 'conf', 'properties', 'toml', 'env'] },
  { id: 'java', label: 'Java', extensions: ['java'] },
  { id: 'javascript', label: 'JavaScript', extensions: ['js', 'mjs', 'cjs', 'jsx'] },
  { id: 'json', label: 'JSON', extensions: ['json', 'jsonc'] },
  { id: 'julia', label: 'Julia', extensions: ['jl'] },
  { id: 'kotlin', label: 'Kotlin', extensions: ['kt', 'kts'] },
  { id: 'lua', label: 'Lua', extensions: ['lua'] },
  { id: 'markdown', label: 'Markdown', extensions: ['md', 'markdown'] },
  { id: 'php', label: 'PHP', extensions: ['php'] },
  { id: 'powershell', label: 'PowerShell', extensions: ['ps1', 'psm1'] },
  { id: 'python', label: 'Python', extensions: ['py', 'pyw'] },
  { id: 'r', label: 'R', extensions: ['r'] },
  { id: 'ruby', label: 'Ruby', extensions: ['rb'] },
  { id: 'rust', label: 'Rust', extensions: ['rs'] },
  { id: 'scala', label: 'Scala', extensions: ['scala', 'sc'] },
  { id: 'shell', label: 'Shell', extensions: ['sh', 'bash', 'zsh'] },
  { id: 'sql', label: 'SQL', extensions: ['sql'] },
  { id: 'swift', label: 'Swift', extensions: ['swift'] },
  { id: 'typescript', label: 'TypeScript', extensions: ['ts', 'tsx', 'mts'] },
  { id: 'xml', label: 'XML', extensions: ['xml', 'svg', 'xsd', 'csproj'] },
  { id: 'yaml', label: 'YAML', extensions: ['yaml', 'yml'] },
];

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
