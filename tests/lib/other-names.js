// A handler that sees other name servers and another /etc/hosts than this machine's, though nobody
// is root: by way of a preload, see preload/other-names.c. The release build, or one with the
// sanitizers of gcc.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { buildPreload } from './preload.js';

export class OtherNames {
  static async make() {
    const place = new OtherNames();
    place.#preload = await buildPreload('other-names');
    place.#folder = await mkdtemp(path.join(os.tmpdir(), 'codestream-names-'));
    return place;
  }

  #preload;
  #folder;
  /** Of all name servers; whoever starts the first of them says which it is. */
  port = 0;

  /** What the handler is started with: `files` have absolute paths, `authority` is a text. */
  async settings({ resolvConf, hosts, authority }) {
    await this.writeResolvConf(resolvConf);
    await writeFile(path.join(this.#folder, 'hosts'), hosts);
    const trusted = path.join(this.#folder, 'authority.pem');
    await writeFile(trusted, authority);
    return {
      ...this.#preload.env,
      NAMES_FOLDER: this.#folder,
      NAMES_PORT: String(this.port),
      CODESTREAM_CA_FILE: trusted,
      ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:verify_asan_link_order=0`,
    };
  }

  async writeResolvConf(text) {
    await writeFile(path.join(this.#folder, 'resolv.conf'), text);
  }

  async remove() {
    await this.#preload.remove();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
