// What the parts of the page have in common. Each of them imports this file, so that the bundler
// makes one file of it all instead of one for each combination.

import './again.js';
import './appearance.js';
import './connection.js';
import './files.js';
import './page.js';
import './print.js';
import './parts.js';
import './status.js';
import './change-events.js';
import './positional.js';
import './flights.js';
import './gone.js';
import './allowance.js';
import './hand-messages.js';
import './share.js';
import './writer-link.js';
import './pieces.js';
import './recording.js';
import './languages.js';
import './ops.js';
import './protocol.js';
import './drawn.js';
import './element.js';
import './store.js';
import './text-store.js';
