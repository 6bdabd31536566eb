// What every engine is tried with: a person in front of a page, and what they do in it. The browser
// behind it is a driver's: firefox.js, webdriver.js, or Chromium.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { eventually } from '../lib/deadline.js';

const SOON_MS = 12_000;

export class Person {
  constructor(driver) {
    this.driver = driver;
  }

  /** Keeps what the page complains of, and what it copies. */
  async watch() {
    await this.driver.evaluate(() => {
      window.faults = [];
      addEventListener('error', ({ message }) => window.faults.push(message));
      addEventListener('unhandledrejection', ({ reason }) => window.faults.push(String(reason)));
      addEventListener('copy', ({ clipboardData }) => {
        window.copied = clipboardData.getData('text/plain');
      });
    });
    return this;
  }

  async faults() {
    return [...this.driver.faults, ...(await this.driver.evaluate(() => window.faults ?? []))];
  }

  text(selector) {
    return this.driver.evaluate(
      (wanted) => document.querySelector(wanted)?.textContent ?? '',
      selector,
    );
  }

  lines() {
    return this.driver.evaluate(() =>
      [...document.querySelectorAll('#editor :is(.view-line, .cm-line, .first-text > div)')]
        .map((line) => [line.getBoundingClientRect().top, line.textContent.replaceAll('\u00a0', ' ')])
        .sort(([a], [b]) => a - b)
        .map(([, text]) => text)
        .join('\n'),
    );
  }

  async until(check, what) {
    let now;
    await eventually(
      SOON_MS,
      async () => {
        now = await check();
        return now === what;
      },
      `${JSON.stringify(what)}`,
    ).catch((error) => {
      error.message += `; now: ${JSON.stringify(now)}`;
      throw error;
    });
  }

  says(word) {
    return this.until(() => this.text('#state'), word);
  }

  shows(text) {
    return this.until(() => this.lines(), text);
  }

  /** The reader has taken the place of the first text. */
  reads() {
    return this.until(
      () => this.driver.evaluate(() => document.querySelector('#editor .cm-content') !== null),
      true,
    );
  }

  async focus() {
    await this.driver.click('#editor :is(.view-lines, .cm-content)');
  }

  async link() {
    await this.until(
      () => this.driver.evaluate(() => document.querySelector('#share-link').hidden),
      false,
    );
    return this.driver.evaluate(() => document.querySelector('#share-link').href);
  }
}

/** What one types, the other sees, copies, rewinds, takes home as a recording; a reload resumes. */
export async function story(scene, writing, reading) {
  const opened = [];
  const open = async (start, url) => {
    const person = new Person(await start(url));
    opened.push(person);
    return person.watch();
  };
  try {
    const writer = await open(writing, scene.page);
    await writer.says('Live');
    await writer.until(
      () => writer.driver.evaluate(() => document.querySelector('#editor .view-lines') !== null),
      true,
    );
    await writer.focus();
    await writer.driver.type('one');
    const link = await writer.link();
    const viewer = await open(reading, link);
    await viewer.says('Live');
    await viewer.shows('one');
    await viewer.reads();
    for (const [letters, all] of [[' two', 'one two'], [' three', 'one two three']]) {
      await writer.driver.type(letters);
      await viewer.shows(all);
    }
    await looks(writer);
    await looks(viewer);
    await copies(viewer, 'one two three');
    await rewinds(viewer);
    await plays(await recordingOf(viewer), open, reading);
    const embed = new URL(link);
    embed.search = '?embed';
    const embedded = await open(reading, embed.href);
    await embedded.says('Live');
    await embedded.shows('one two three');
    await writer.driver.press('Backspace');
    await viewer.shows('one two thre');
    await writer.driver.reload();
    await writer.watch();
    await writer.says('Live');
    await writer.shows('one two thre');
    await writer.focus();
    await writer.driver.press('End', 'Control');
    await writer.driver.type('e');
    await viewer.shows('one two three');
    for (const person of [viewer, embedded]) assert.deepEqual(await person.faults(), []);
  } finally {
    for (const person of opened) await person.driver.close();
  }
}

/** What every engine draws in its own way unless it is told how: the same in all of them. */
async function looks({ driver }) {
  const seen = await driver.evaluate(() => {
    const of = (id) => {
      const { appearance, backgroundColor, opacity } = getComputedStyle(document.getElementById(id));
      return [appearance, backgroundColor, opacity].join(' ');
    };
    const heights = ['language', 'theme', 'rewind'].map((id) => document.getElementById(id).offsetHeight);
    const writes = document.documentElement.dataset.role === 'writer';
    const bar = document.querySelector('.bar').offsetHeight;
    return { bar, ...(writes ? { height: heights[0], select: of('language') } : { height: heights[2], slider: of('rewind') }) };
  });
  const white = 'rgb(255, 255, 255)';
  const { bar, height, select, slider } = seen;
  if (select) assert.deepEqual([bar, height, select], [53, 36, `none ${white} 1`]);
  else assert.deepEqual([bar, height, slider.startsWith('none rgba(0, 0, 0, 0)')], [53, 28, true]);
}

async function copies(viewer, text) {
  await viewer.focus();
  await viewer.driver.press('a', 'Control');
  await viewer.driver.press('c', 'Control');
  await viewer.until(() => viewer.driver.evaluate(() => window.copied), text);
}

async function rewinds(viewer) {
  await viewer.driver.evaluate(() => document.getElementById('rewind').focus());
  await viewer.driver.press('ArrowLeft');
  await viewer.says('Rewound');
  await viewer.driver.click('#back-to-live');
  await viewer.says('Live');
  await viewer.shows('one two three');
}

/** The file that the page saves; what it is asked first is answered with yes. */
async function recordingOf(viewer) {
  await viewer.driver.evaluate(() => {
    window.confirm = () => true;
    HTMLAnchorElement.prototype.click = () => {};
    const { createObjectURL } = URL;
    URL.createObjectURL = (blob) => {
      blob.text().then((text) => {
        window.saved = text;
      });
      return createObjectURL(blob);
    };
  });
  await viewer.driver.click('#menu-button');
  await viewer.driver.click('#download-recording');
  await viewer.until(() => viewer.driver.evaluate(() => typeof window.saved), 'string');
  return viewer.driver.evaluate(() => window.saved);
}

/** A recording, opened from a disk, plays to the text that was last. */
async function plays(page, open, reading) {
  const folder = mkdtempSync(path.join(tmpdir(), 'recording-'));
  try {
    const file = path.join(folder, 'recording.html');
    writeFileSync(file, page);
    const player = await open(reading, pathToFileURL(file).href);
    await player.until(
      () => player.driver.evaluate(() => document.getElementById('play').disabled),
      false,
    );
    await player.shows('one');
    await player.driver.evaluate(() => document.getElementById('speed').click());
    await player.driver.click('#play');
    await player.shows('one two three');
    await player.until(
      () => player.driver.evaluate(() => document.getElementById('play').dataset.playing),
      'false',
    );
    assert.deepEqual(await player.faults(), []);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
