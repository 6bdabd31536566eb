// What decides in codestream-share.
import { together } from '../../tests/lib/together.js';

await together(new URL('./', import.meta.url));
