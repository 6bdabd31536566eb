// All that is promised of names, with every kind of trouble that a name server can be in.
import { NameTests, testAll } from '../lib/name-tests.js';
import { OtherNames } from '../lib/other-names.js';

testAll(new NameTests(() => OtherNames.make()));
