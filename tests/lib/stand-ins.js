// A service stand-in, and a Functions host stand-in with the handler under it: what they say is kept,
// and a handler that dies unasked is a failure.
import { copyApp } from './app-files.js';
import { ACCESS_KEY, BINARY, cleanEnvironment } from './handler.js';
import { Parts } from './parts.js';

const STOP_MS = 5000; // a handler that is killed cannot say what it has lost, as a sanitizer would

/** The service ends first, so that its last events find the handler. */
export class StandIns extends Parts {
  /** How often a test means the handler under the host to die. */
  deathsMeant = 0;
  serviceLines = [];
  hostLines = [];
  handlerLines = [];

  /** @param {object} options of the stand-in */
  async startService(options) {
    const { startWebPubSub } = await import('../../emulator/webpubsub/service.js');
    this.service = await startWebPubSub({
      port: 0,
      accessKeys: [ACCESS_KEY],
      log: (line) => this.serviceLines.push(String(line)),
      ...options,
    });
    this.endWith(() => this.service.close());
  }

  /**
   * The app is a copy of the functions, without anybody's local settings.
   * @param {object} settings of the handler
   * @param {object} options of the stand-in
   * @param {object} [edit] changes to the app's files, see app-files.js
   */
  async startHost(settings, options, edit) {
    const { startFunctionsHost } = await import('../../emulator/functions-host/host.js');
    const app = await copyApp(edit);
    this.endWith(async () => {
      await this.#closeHost();
      await app.remove();
    });
    this.host = await startFunctionsHost({
      appRoot: app.root,
      port: 0,
      stopMs: STOP_MS,
      executable: BINARY,
      env: cleanEnvironment(settings),
      log: (line) => this.hostLines.push(String(line)),
      onLine: (_, line) => this.handlerLines.push(line),
      ...options,
    });
  }

  /** The host starts a handler again that has died: a test must not miss that. */
  async #closeHost() {
    await this.host?.close();
    const deaths = this.hostLines.filter((line) => line.includes('the handler ended ('));
    if (deaths.length <= this.deathsMeant) return;
    throw new Error(`${deaths.at(-1)}\n${this.handlerLines.join('\n')}`);
  }
}
