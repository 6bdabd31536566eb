// A browser that speaks plain WebDriver: WebKit's drivers. One session for each driver, and every
// call has a deadline.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { choosePort } from '../../emulator/listen.js';
import { eventually } from '../lib/deadline.js';

const CALL_MS = 60_000;
const START_MS = 10_000;
const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';
/** What WebDriver calls the keys that have no letter. */
const KEYS = {
  Control: '\ue009', Shift: '\ue008', Alt: '\ue00a', Enter: '\ue007', Home: '\ue011', End: '\ue010',
  ArrowLeft: '\ue012', ArrowUp: '\ue013', ArrowRight: '\ue014', ArrowDown: '\ue015',
  Backspace: '\ue003', Delete: '\ue017', Escape: '\ue00c',
};

/** A display of its own, since the clipboard belongs to the display. */
async function startDisplay(env) {
  const display = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1600x1200x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    env,
  });
  const [number] = await once(display.stdio[3], 'data');
  return { name: `:${String(number).trim()}`, display };
}

/**
 * @param {{ url: string, driver: string, capabilities?: object, env?: object, display?: boolean }}
 *   options
 */
export async function openWebDriver({ url, driver, capabilities = {}, env = {}, display = true }) {
  const home = mkdtempSync(path.join(tmpdir(), 'webkit-'));
  const settings = {
    ...process.env,
    HOME: home,
    XDG_RUNTIME_DIR: home,
    LIBGL_ALWAYS_SOFTWARE: '1',
    NO_AT_BRIDGE: '1',
    GSETTINGS_BACKEND: 'memory',
    ...env,
  };
  const screen = display ? await startDisplay(settings) : undefined;
  if (screen) Object.assign(settings, { DISPLAY: screen.name, GDK_BACKEND: 'x11' });
  const port = await choosePort(0);
  // A group of its own: the browser that it starts ends with it.
  const process_ = spawn(driver, [`--port=${port}`], { stdio: 'ignore', env: settings, detached: true });
  const call = caller(`http://127.0.0.1:${port}`);
  const end = async (session) => {
    if (session) await call('DELETE', session).catch(() => {});
    try {
      process.kill(-process_.pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
    screen?.display.kill('SIGKILL');
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await eventually(START_MS, () => call('GET', '/status').catch(() => undefined), 'the driver');
    const { sessionId } = await call('POST', '/session', { capabilities: { alwaysMatch: capabilities } });
    const session = `/session/${sessionId}`;
    await call('POST', `${session}/timeouts`, { pageLoad: CALL_MS, script: CALL_MS });
    await call('POST', `${session}/url`, { url });
    return person(call, session, () => end(session));
  } catch (error) {
    await end();
    throw error;
  }
}

function caller(base) {
  return async (method, where, body) => {
    const response = await fetch(base + where, {
      method,
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(CALL_MS),
    });
    const { value } = await response.json();
    if (!response.ok) throw new Error(`${where}: ${value.error}: ${value.message}`);
    return value;
  };
}

function person(call, session, close) {
  const evaluate = (script, ...args) =>
    call('POST', `${session}/execute/sync`, {
      script: `return (${script}).apply(undefined, arguments)`,
      args,
    });
  const act = (actions) =>
    call('POST', `${session}/actions`, { actions: [{ type: 'key', id: 'keys', actions }] });
  const stroke = (key) => [
    { type: 'keyDown', value: key },
    { type: 'keyUp', value: key },
  ];
  return {
    // What a page complains of is kept by the page itself: see story.js.
    faults: [],
    evaluate,
    // An element may be replaced, or not be laid out yet, when it has been found.
    async click(selector) {
      let error;
      await eventually(START_MS, async () => {
        try {
          const element = await call('POST', `${session}/element`, { using: 'css selector', value: selector });
          await call('POST', `${session}/element/${element[ELEMENT]}/click`, {});
          return true;
        } catch (refusal) {
          error = refusal;
          return false;
        }
      }, selector).catch(({ message }) => {
        throw new Error(`${message}: ${error?.message}`);
      });
    },
    type: (text) => act([...text].flatMap((letter) => stroke(letter === '\n' ? KEYS.Enter : letter))),
    press: (key, ...held) =>
      act([
        ...held.map((name) => ({ type: 'keyDown', value: KEYS[name] })),
        ...stroke(KEYS[key] ?? key),
        ...held.reverse().map((name) => ({ type: 'keyUp', value: KEYS[name] })),
      ]),
    reload: () => call('POST', `${session}/refresh`, {}),
    close,
  };
}
