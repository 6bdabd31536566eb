// What the project's JavaScript is held to: rules that find mistakes. How it looks is not eslint's
// business. tests/check.sh runs it at the root of the repository.
import js from '@eslint/js';
import globals from 'globals';

const MISTAKES = {
  'array-callback-return': 'error',
  'consistent-return': 'error',
  eqeqeq: ['error', 'always', { null: 'ignore' }],
  'default-case-last': 'error',
  'no-caller': 'error',
  'no-control-regex': 'off', // what strangers send has them
  'no-constructor-return': 'error',
  'no-duplicate-imports': 'error',
  'no-eval': 'error',
  'no-extend-native': 'error',
  'no-extra-bind': 'error',
  'no-implicit-coercion': ['error', { boolean: false }],
  'no-implied-eval': 'error',
  'no-iterator': 'error',
  'no-new-func': 'error',
  'no-new-wrappers': 'error',
  'no-object-constructor': 'error',
  'no-proto': 'error',
  'no-return-assign': 'error',
  'no-self-compare': 'error',
  'no-sequences': 'error',
  'no-template-curly-in-string': 'error',
  'no-throw-literal': 'error',
  'no-unreachable-loop': 'error',
  'no-unused-expressions': 'error',
  'no-unused-vars': ['error', { args: 'after-used', argsIgnorePattern: '^_', caughtErrors: 'all' }],
  'no-use-before-define': ['error', { functions: false, classes: false, variables: false }],
  'no-useless-call': 'error',
  'no-useless-concat': 'error',
  'no-useless-rename': 'error',
  'no-useless-return': 'error',
  'no-var': 'error',
  'prefer-const': 'error',
  'prefer-promise-reject-errors': 'error',
  'symbol-description': 'error',
};

/** Texts of strangers become elements only as text: see SECURITY.md. */
const MARKUP = {
  'no-restricted-properties': ['error',
    ...['innerHTML', 'outerHTML', 'insertAdjacentHTML', 'srcdoc', 'setHTMLUnsafe']
      .map((property) => ({ property, message: 'Use textContent: the text may be anybody\'s.' })),
    { object: 'document', property: 'write', message: 'Use textContent.' },
    { object: 'document', property: 'writeln', message: 'Use textContent.' }],
};

export default [
  { ignores: ['build/**', '**/dist/**', '**/node_modules/**'] },
  js.configs.recommended,
  {
    files: ['**/*.{js,mjs}'],
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    languageOptions: { ecmaVersion: 2023, sourceType: 'module', globals: globals.node },
    rules: MISTAKES,
  },
  { // what strangers write, and what is loaded before anything else
    files: ['**/*.cjs'],
    languageOptions: { ecmaVersion: 2023, sourceType: 'commonjs', globals: globals.node },
  },
  { // as it is printed
    files: ['tests/peers/articles/*-00*.cjs'],
    rules: { 'no-unused-vars': 'off' },
  },
  {
    files: ['web/src/**/*.js', 'examples/*/page/*.js'],
    languageOptions: { globals: { ...globals.browser, process: 'off' } },
    rules: MARKUP,
  },
  { // functions that run inside the page
    files: [
      'tests/browser/**/*.js',
      'tests/pictures/**/*.js',
      'tests/engines/**/*.js',
      'bench/page/*.mjs',
      'packaging/**/*.mjs',
    ],
    languageOptions: { globals: globals.browser },
  },
  { // the script that says to every browser whether it is too old
    files: ['web/src/start.js'],
    languageOptions: { ecmaVersion: 5, sourceType: 'script' },
    rules: { 'no-var': 'off' },
  },
];
