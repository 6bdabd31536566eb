// Names of services, as somebody sees them who has other name servers: examples of each promise. The
// whole range is in tests/slow/names.test.js, and that of the package in packaging/test.
import { NameTests, testExamples } from '../lib/name-tests.js';
import { OtherNames } from '../lib/other-names.js';

testExamples(new NameTests(() => OtherNames.make()));
