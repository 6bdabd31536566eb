// The same page over the native endpoint, as the older CodeStream had it: no event handler takes
// part, the service's own roles decide who may speak where.
import { after, afterEach, before, test } from '../lib/test.js';
import { startScene } from './browser.js';

let scene;
before(async () => {
  scene = await startScene();
  scene.nativePage = `${scene.stack.page}?transport=native`;
});
afterEach(() => scene?.everybodyLeaves());
after(() => scene?.close());

test('over the native endpoint what a writer types appears at viewers, early and late', async () => {
  const writer = await scene.open(scene.nativePage, 'writer', await scene.person());
  await writer.says('Live');
  const link = await writer.page.locator('#share-link').getAttribute('href');
  const early = await scene.viewer(link);
  await writer.type('hello');
  await early.shows('hello');
  const late = await scene.viewer(link);
  await late.shows('hello');
  await writer.page.keyboard.type(' world');
  await early.shows('hello world');
  await late.shows('hello world');
});

test('over the native endpoint a writer who reloads keeps room and text', async () => {
  const writer = await scene.open(scene.nativePage, 'writer', await scene.person());
  await writer.says('Live');
  await writer.type('kept');
  const link = await writer.page.locator('#share-link').getAttribute('href');
  const viewer = await scene.viewer(link);
  await viewer.shows('kept');
  await writer.page.reload();
  await writer.says('Live');
  await writer.focus();
  await writer.keys('Control+End');
  await writer.page.keyboard.type(' on');
  await viewer.shows('kept on');
});
