// The QR code of a link, for phones in the room. Loaded with the share panel.

import { draw } from './make.js';
import { qrRows } from './qr-rows.js';
import { outline } from './share.js';

/** @param {string} link */
export function qrCode(link) {
  const rows = qrRows(link);
  return draw(
    'svg',
    {
      class: 'qr',
      viewBox: `0 0 ${rows.length} ${rows.length}`,
      role: 'img',
      'aria-label': 'QR code of the link',
    },
    draw('path', { d: outline(rows) }),
  );
}
