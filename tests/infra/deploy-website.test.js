// The static website: on by the template; where it is off, through Resource Manager, then at the account.
import assert from 'node:assert/strict';

import { cloudTest, FIRST, stops } from '../lib/azure/test.js';

const ACCOUNT = 'codestreamabcdefghijklm';
const ARM = /^storage account blob-service-properties update/;
const OWN = /^storage blob service-properties update/;
const ASKED = /^rest --method get --url https:\/\/codestream\w+\.web\.example\/ /;
const OFF = { enabled: false, errorDocument404Path: '404.html' };
const ON = { enabled: true, indexDocument: 'index.html' };
/** So often the page is asked within the time that it may take to be shown. */
const ASKED_IN_TIME = 12;

const switches = (calls) => calls.filter((line) => ARM.test(line) || OWN.test(line));

cloudTest('the template switches the website on, and nothing else has to', async (world) => {
  const { calls, out } = await world.run('deploy', FIRST);
  assert.deepEqual(switches(calls), []);
  assert.equal(calls.filter((line) => ASKED.test(line)).length, 1, 'the page is looked at');
  assert.doesNotMatch(out, /switched on|404/);
});

cloudTest('a website that is off is switched on through Resource Manager, and keeps its page for 404', async (world) => {
  await world.run('deploy', FIRST);
  world.state.websites[ACCOUNT] = OFF;
  const { code, calls, out } = await world.run('deploy');
  assert.equal(code, 0);
  assert.deepEqual(switches(calls).map((line) => ARM.test(line)), [true]);
  assert.deepEqual(world.state.websites[ACCOUNT], { ...ON, errorDocument404Path: '404.html' });
  assert.match(out, /^ {2}the website is off: it is switched on through Resource Manager$/m);
});

cloudTest('where that changes nothing it is switched on at the account itself', async (world) => {
  await world.run('deploy', FIRST);
  world.state.websites[ACCOUNT] = OFF;
  world.faults = [{ match: ARM, answer: 'nothing' }];
  const { code, calls, out } = await world.run('deploy');
  assert.equal(code, 0);
  assert.deepEqual(switches(calls).map((line) => ARM.test(line)), [true, false]);
  assert.deepEqual(world.state.websites[ACCOUNT], { ...ON, errorDocument404Path: '404.html' });
  assert.match(out, /through Resource Manager\n {2}the website is off: it is switched on at the account itself\n/);
});

cloudTest('an az that does not know how Resource Manager does it is said, and is no end', async (world) => {
  await world.run('deploy', FIRST);
  world.state.websites[ACCOUNT] = OFF;
  const stderr = 'ERROR: unrecognized arguments: --enable-static-website true\n';
  world.faults = [{ match: ARM, answer: { code: 2, stderr } }];
  const { code, out } = await world.run('deploy');
  assert.equal(code, 0);
  assert.match(out, /that failed: unrecognized arguments[^\n]*\n[^\n]*at the account itself\n/);
  assert.equal(world.state.websites[ACCOUNT].enabled, true);
});

cloudTest('a page that answers 404 although the website is said to be on: each way once, until it is shown', async (world) => {
  world.faults = [{ match: ASKED, nth: [1, 2 * ASKED_IN_TIME], answer: 'restNotFound' }];
  const { code, calls, out } = await world.run('deploy', FIRST);
  assert.equal(code, 0);
  assert.deepEqual(switches(calls).map((line) => ARM.test(line)), [true, false]);
  for (const way of ['through Resource Manager', 'at the account itself']) {
    assert.ok(out.includes(`  the page answers 404: it is switched on ${way}\n`), way);
  }
  const last = (pattern) => calls.findLastIndex((line) => pattern.test(line));
  assert.ok(last(/^storage blob upload-batch/) < calls.findIndex((line) => ASKED.test(line)), 'once it is uploaded');
  assert.ok(last(OWN) < last(ASKED));
});

cloudTest('a page that is shown within a minute needs no switch', async (world) => {
  world.faults = [{ match: ASKED, nth: [1, 3], answer: 'restNotFound' }];
  const { code, calls } = await world.run('deploy', FIRST);
  assert.equal(code, 0);
  assert.deepEqual(switches(calls), []);
});

cloudTest('a page that answers 404 after all ways stops the run, which says where to switch it on', async (world) => {
  world.faults = [{ match: ASKED, answer: 'restNotFound' }];
  const { calls, err } = await stops(world, FIRST, /web\.example\/ answers 404: its website cannot be switched on/);
  assert.match(err, /portal/);
  assert.equal(switches(calls).length, 2);
});

cloudTest('a page that this machine cannot reach is told, and is no end', async (world) => {
  world.faults = [{ match: ASKED, answer: 'reset' }];
  const { code, calls, out } = await world.run('deploy', FIRST);
  assert.equal(code, 0);
  assert.match(out, /not seen: the page; /);
  assert.deepEqual(switches(calls), []);
});

cloudTest('the last way has to succeed', async (world) => {
  await world.run('deploy', FIRST);
  world.state.websites[ACCOUNT] = OFF;
  world.faults = [ARM, OWN].map((match) => ({ match, answer: 'networkRules' }));
  await stops(world, [], /network rules of the storage account keep this machine out/);
});

cloudTest('upload.mjs, which knows no group, switches it on at the account itself', async (world) => {
  await world.run('deploy', FIRST);
  world.state.websites[ACCOUNT] = OFF;
  const api = ['--api', 'https://app.example', '--service', 'https://service.example'];
  const { code, calls } = await world.run('upload', [...api, '--account', ACCOUNT]);
  assert.equal(code, 0);
  assert.deepEqual(switches(calls).map((line) => OWN.test(line)), [true]);
  assert.equal(world.state.websites[ACCOUNT].enabled, true);
});
