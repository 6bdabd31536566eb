/** Addresses that build.mjs puts in, because they carry a hash of what they name. */
declare const TICKER_WORKER: string;
declare const EDITOR_WORKER: string;
