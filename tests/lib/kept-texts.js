// A handler that keeps texts, in a container of the stand-in: a writer's way to /text without a page.
import { startContainer } from '../../emulator/website/container.js';
import { newRoom } from './events.js';
import { connectionString, startHandler } from './handler.js';
import { Connection, request } from './http.js';
import { Parts } from './parts.js';

const SECRET = 'a secret of the tests, long enough to be one';
/** Nobody listens there: what concerns texts needs no Web PubSub. */
const NOWHERE = connectionString('http://localhost:1');

/** @param {{ env?: object, path?: string }} [options] path: under which it is asked */
export const startKeeper = (options = {}) => new Keeper().begin(options);

class Keeper extends Parts {
  async start({ env = {}, path = '/text' }) {
    this.path = path;
    this.container = await startContainer();
    this.endWith(() => this.container.close());
    await this.startHandler(env);
    this.endWith(() => this.handler.stop());
  }

  async startHandler(env = {}) {
    this.handler = await startHandler({
      service: NOWHERE,
      env: { CODESTREAM_SECRET: SECRET, CODESTREAM_LOOPS: '1', ...this.container.env, ...env },
    });
  }

  /** A new room, with its key. */
  async room() {
    const answer = await request(this.handler.port, { path: '/negotiate' });
    const { room_id: id, writer_key: key } = answer.json();
    return { id, key };
  }

  get(room, headers) {
    return this.#ask({ path: this.#at(room.id), headers });
  }

  put(room, text, { headers = {}, body = JSON.stringify(textOf(text)), key = room.key } = {}) {
    return this.#ask({
      method: 'PUT',
      path: this.#at(room.id),
      headers: { ...withKey(key), 'Content-Type': 'application/json', ...headers },
      body,
    });
  }

  /** @param {{ epoch?: number | string, key?: string | null }} [how] */
  delete(room, { epoch, key = room.key } = {}) {
    const more = epoch === undefined ? '' : `&epoch=${epoch}`;
    return this.#ask({ method: 'DELETE', path: this.#at(room.id) + more, headers: withKey(key) });
  }

  #at(room) {
    return `${this.path}?room_id=${room}`;
  }

  /** Connections are kept, as the host keeps them. */
  async #ask(message) {
    const connection = this.idle?.pop() ?? (await Connection.open(this.handler.port));
    const answer = await connection.request(message);
    (this.idle ??= []).push(connection);
    return answer;
  }

  async close() {
    for (const connection of this.idle ?? []) connection.close();
    await super.close();
  }
}

/** null: without one */
const withKey = (key) => (key === null ? {} : { Authorization: `Bearer ${key}` });

/** What a page hands in; `content` says which it is. */
export function textOf({ epoch = 1, version = 0, ...more } = {}) {
  return { epoch, version, name: 'a.c', language: 'c', content: `${epoch}.${version}`, ...more };
}

export { newRoom };
