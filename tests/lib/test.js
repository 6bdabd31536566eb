// The emulator's tests and these have the same deadlines.
export { after, afterEach, before, saidBy, test } from '../../emulator/test/test.js';
