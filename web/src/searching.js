// The keys of a reader: searching, and moving as in any editor.

import './shared.js';
import { standardKeymap } from '@codemirror/commands';
import { search, searchKeymap } from '@codemirror/search';
import { keymap } from '@codemirror/view';

export const searching = [search({ top: true }), keymap.of([...searchKeymap, ...standardKeymap])];
