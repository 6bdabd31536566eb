// The unit tests of the bench: its figures, its report and its plan.
import { together } from '../../tests/lib/together.js';

await together(new URL('./', import.meta.url), ['audience.test.js', 'usage.test.js']);
