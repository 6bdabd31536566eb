// The page in Firefox, as writer and as viewer.
import { after, before, test } from '../lib/test.js';
import { startStack } from '../lib/stack.js';
import { startFirefox } from './firefox.js';
import { story } from './story.js';

let scene;
let firefox;
before(async () => {
  scene = await startStack({ host: true, website: true });
  firefox = await startFirefox();
});
after(async () => {
  await firefox?.close();
  await scene?.close();
});

test('in Firefox one types, and another sees, copies, rewinds and embeds', async () => {
  const open = (url) => firefox.open({ url });
  await story(scene, open, open);
});
