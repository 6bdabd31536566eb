// All that is promised of names, of the packaged handler where there is nothing else.
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { NameTests, testAll } from '../../tests/lib/name-tests.js';
import { CA_FILE, inRootSettings, makeRoot } from './empty-root.mjs';

/** A root for each handler; the same interface as tests/lib/other-names.js. */
class EmptyRoot {
  port = 53;
  #roots = [];

  async settings({ resolvConf, hosts, authority }) {
    this.#roots.push(makeRoot({
      '/etc/resolv.conf': resolvConf, '/etc/hosts': hosts, [CA_FILE]: authority,
    }));
    return inRootSettings(this.#roots.at(-1));
  }

  async writeResolvConf(text) {
    writeFileSync(path.join(this.#roots.at(-1), '/etc/resolv.conf'), text);
  }

  async remove() {
    for (const root of this.#roots) rmSync(root, { recursive: true, force: true });
  }
}

testAll(new NameTests(async () => new EmptyRoot()));
