// What the parts that are loaded later have in common with the page. Each of them imports this
// file, so that the bundler makes one file of it all instead of one for each combination.

import './languages.js';
import './ops.js';
import './protocol.js';
import './drawn.js';
import './element.js';
import './store.js';
