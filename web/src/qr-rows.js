// The squares of a QR code.

import { encode } from 'uqr';

/** Readers want so many light squares around the code. */
const BORDER = 4;

/** @param {string} link @returns {boolean[][]} the rows, true for dark */
export const qrRows = (link) => encode(link, { ecc: 'M', border: BORDER }).data;
