// The page's unit tests.
import { together } from '../../tests/lib/together.js';

await together(new URL('./', import.meta.url), ['property.test.js']);
