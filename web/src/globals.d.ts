/** An address that build.mjs puts in, because it carries a hash of what it names. */
declare const TICKER_WORKER: string;

/** The first request of negotiate, which start.js makes for a viewer; link.js takes it. */
declare var codestreamEarly:
  | { url: string, controller: AbortController, response: Promise<Response> }
  | undefined;

/** The page that plays a recording, which build.mjs makes. */
declare module 'player-page' {
  const page: string;
  export default page;
}

/** Monaco's grammars come without types. */
declare module 'monaco-editor/languages/definitions/*' {
  export const conf: import('monaco-editor').languages.LanguageConfiguration;
  export const language: import('monaco-editor').languages.IMonarchLanguage;
  export const TagAutoInterpolationDollar: any;
}
