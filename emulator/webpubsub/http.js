// One HTTP request to an event handler, with a deadline for the whole of it and a bound on the
// response.

import http from 'node:http';
import https from 'node:https';

const MAX_ANSWER = 16 * 1024 * 1024; // bytes of a response's body

/** Requests over persistent connections; `close` drops those. */
export class HttpClient {
  #agents = {
    'http:': new http.Agent({ keepAlive: true }),
    'https:': new https.Agent({ keepAlive: true }),
  };

  /**
   * @param {string} url
   * @param {{method: string, headers: object, body?: string | Buffer, signal: AbortSignal,
   *   progress?: {status?: number}}} request progress: gets the status when the head has come
   * @returns {Promise<{status: number, headers: object, body: string, bytes: Buffer}>}
   */
  async send(url, request) {
    for (;;) {
      const attempt = { reused: false };
      try {
        return await this.#once(new URL(url), request, attempt);
      } catch (error) {
        // A persistent connection that the peer has just closed says nothing about the request.
        if (!attempt.reused || error.code !== 'ECONNRESET') throw error;
      }
    }
  }

  #once(url, { method, headers, body = '', signal, progress = {} }, attempt) {
    const { request } = url.protocol === 'https:' ? https : http;
    const agent = this.#agents[url.protocol];
    const length = method === 'POST' ? { 'Content-Length': Buffer.byteLength(body) } : {};
    return new Promise((resolve, reject) => {
      const sent = request(url, { method, agent, signal, headers: { ...headers, ...length } });
      sent.on('error', (error) => {
        attempt.reused = sent.reusedSocket;
        reject(error);
      });
      sent.on('response', (response) => {
        progress.status = response.statusCode;
        collect(response).then(resolve, reject);
      });
      sent.end(body);
    });
  }

  close() {
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }
}

async function collect(response) {
  const chunks = [];
  let length = 0;
  for await (const chunk of response) {
    length += chunk.length;
    if (length > MAX_ANSWER) throw new Error(`the response is larger than ${MAX_ANSWER} bytes`);
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  const body = bytes.toString('utf8');
  return { status: response.statusCode, headers: response.headers, body, bytes };
}
