/** An address that build.mjs puts in, because it carries a hash of what it names. */
declare const TICKER_WORKER: string;
