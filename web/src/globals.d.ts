/** An address that build.mjs puts in, because it carries a hash of what it names. */
declare const TICKER_WORKER: string;

/** A socket that is being opened, and what has come over it. */
interface Begun {
  socket: WebSocket;
  heard: MessageEvent[];
}

/**
 * The first request of negotiate, which start.js makes for a viewer, and the socket that it opens
 * with the response; link.js takes both.
 */
declare var codestreamEarly:
  | { url: string, controller: AbortController, response: Promise<Response>, begun?: Begun }
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

/** Nor does this. */
declare module 'monaco-editor/base/common/errors' {
  export const errorHandler: { unexpectedErrorHandler: (error: any) => void };
}
