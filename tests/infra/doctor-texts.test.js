// infra/doctor.mjs and kept texts: it says whether there are any and for how long, tries whether the app
// may write and delete, and names what keeps it from doing so.
import assert from 'node:assert/strict';

import { startContainer } from '../../emulator/website/container.js';
import { CAUSES } from '../../infra/doctor/causes.mjs';
import { judge } from '../../infra/doctor/checks.mjs';
import { TEXTS } from '../../infra/doctor/texts.mjs';
import { withDeployment } from '../lib/deployment.js';
import { diagnose } from '../lib/doctor.js';
import { test } from '../lib/test.js';

const [KEPT, PREFLIGHT, WRITE, DELETE] = TEXTS;

async function withTexts(options, check) {
  const container = await startContainer();
  try {
    const handler = { ...container.env, CODESTREAM_SECRET: 's'.repeat(32) };
    await withDeployment({ handler, ...options }, (app) => check(app, container));
  } finally {
    await container.close();
  }
}

test('where texts are kept it says so, writes one, and deletes it again', () =>
  withTexts({ keepDays: 7 }, async (app, container) => {
    const report = await diagnose(app);
    report.assertHealthy();
    report.assertOk(...TEXTS.map(({ name }) => RegExp(`^${name}$`)));
    assert.match(report.text, /^ok {4}whether texts are kept: yes, for 7 days$/m);
    assert.equal(container.blobs.size, 1);
    const [room] = container.blobs.keys();
    assert.equal(container.text(room).content, '', 'what is left of it is empty');
    container.script = ({ method }) => (method === 'PUT'
      ? { status: 403, headers: { 'x-ms-error-code': 'AuthorizationPermissionMismatch' } } : undefined);
    const refused = await diagnose(app);
    refused.assertNames(/app may write texts: the app's identity has no right.*AuthorizationPermissionMismatch.*Storage Blob Data Contributor/);
    assert.match(refused.text, /^- {5}the app may delete texts: needs a text$/m);
  }));

test('where none are kept it says that, and asks no more', () =>
  withDeployment({}, async (app) => {
    const report = await diagnose(app);
    assert.match(report.text, /^ok {4}whether texts are kept: no$/m);
    assert.doesNotMatch(report.text, /hand texts in|write texts/);
  }));

const d = { app: 'https://app.example', url: 'https://service.example', clientUrl: 'https://service.example',
  origin: 'https://page.example', quote: (text) => text, session: { room: 'r' }, writer: { room: 'r', key: 'k' } };
const answer = (status, code, message) => ({ status, headers: {}, body: code ? JSON.stringify({ error: { code, message } }) : '' });
const refusal = (said) => answer(502, 'StorageRefused', `the storage account refuses it: ${said}`);

/** [what is asked, the response, what the page says, the cause] */
const FINDINGS = {
  'the page says more than is so': [KEPT, answer(404, 'NotFound', ''), { keepDays: 7 }, 'notKept'],
  'the page says less than is so': [KEPT, answer(404, 'NotKept', ''), { keepDays: 0 }, 'keptUnsaid'],
  'a version without kept texts': [KEPT, answer(404), {}, undefined],
  'the page asks a version without kept texts': [KEPT, answer(404), { keepDays: 7 }, 'textRoute'],
  'nothing is known of the page': [KEPT, answer(404, 'NotKept', ''), {}, undefined],
  'no right to read': [KEPT, refusal('403 AuthorizationPermissionMismatch'), {}, 'storageRight'],
  'network rules': [KEPT, refusal('403 AuthorizationFailure'), {}, 'storageNetwork'],
  'no container': [KEPT, refusal('404 ContainerNotFound'), {}, 'storageContainer'],
  'no such account': [KEPT, answer(503, 'StorageUnavailable', 'cannot be reached'), {}, 'storage'],
  'a refusal of another kind': [WRITE, refusal('409 BlobImmutableDueToPolicy'), {}, 'storage'],
  'authentication in front': [WRITE, answer(401), { keepsTexts: true }, 'taken'],
  'no PUT in the function': [WRITE, answer(404), { keepsTexts: true }, 'textRoute'],
  'no right to delete': [DELETE, refusal('403 AuthorizationPermissionMismatch'), {}, 'storageRight'],
  'no origin allowed': [PREFLIGHT, answer(204), {}, 'cors'],
  'a kept text': [WRITE, answer(200), {}, undefined],
};
for (const [what, [check, response, page, cause]] of Object.entries(FINDINGS)) {
  test(`${what}: ${cause ?? 'nothing is wrong'}`, () => {
    const found = judge(check, 'PUT https://app.example/text', response, { ...d, ...page });
    assert.equal(found.cause, cause, found.failure);
    if (cause) assert.ok(CAUSES[cause]);
  });
}
