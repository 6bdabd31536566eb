// What the bench reckons with.
import { together } from '../../tests/lib/together.js';

await together(new URL('./', import.meta.url), ['audience.test.js', 'usage.test.js']);
