// Files whose scenes need no stack of their own run in one process, with one browser and one stack:
// to start these costs as much as the pages of a small file. Each of them also runs by itself.
import { after } from '../../lib/test.js';
import { together } from '../../lib/together.js';
import { shareScene } from '../browser.js';

after(shareScene());
await together(new URL('./', import.meta.url));
