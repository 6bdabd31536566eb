// The unit tests of codestream-share, which need no process.
import { together } from '../../tests/lib/together.js';

await together(new URL('./', import.meta.url));
