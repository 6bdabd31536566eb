import test from 'node:test';
import assert from 'node:assert/strict';
import { downloadName } from '../src/files.js';

test('a text is saved under its name, with the end of the language that is shown', () => {
  for (const [name, language, want] of [
    ['', 'plaintext', 'codestream.txt'],
    ['', 'python', 'codestream.py'],
    ['tool.py', 'python', 'tool.py'],
    ['TOOL.PYW', 'python', 'TOOL.PYW'],
    ['a.test.js', 'javascript', 'a.test.js'],
    ['jquery.min.js', 'javascript', 'jquery.min.js'],
    ['Dockerfile', 'dockerfile', 'Dockerfile'],
    ['README', 'markdown', 'README.md'],
    ['.gitignore', 'plaintext', 'gitignore'],
    ['.bat', 'plaintext', 'bat'],
    ['Makefile', 'plaintext', 'Makefile'],
    ['README', 'plaintext', 'README'],
    ['c', 'c', 'c'],
    ['Lesson 3', 'plaintext', 'Lesson 3.txt'],
    ['Lesson 3', 'python', 'Lesson 3.py'],
    ['run.bat', 'bat', 'run.bat'],
    ['notes', 'a language of tomorrow', 'notes'],
  ])
    assert.equal(downloadName(name, language), want);
});

test('no name makes one kind of file look like another', () => {
  for (const [name, language, want] of [
    ['invoice.txt.bat', 'plaintext', 'invoice_txt_bat.txt'],
    ['invoice.txt.bat', 'bat', 'invoice_txt.bat'],
    ['invoice.PDF.exe', 'plaintext', 'invoice_PDF_exe.txt'],
    ['invoice.pdf .js', 'javascript', 'invoice_pdf .js'],
    ['run.bat', 'plaintext', 'run_bat.txt'],
    ['page.html', 'plaintext', 'page_html.txt'],
    ['x.lnk', 'plaintext', 'x_lnk.txt'],
    ['x.unheard', 'plaintext', 'x.unheard.txt'],
    ['x.constructor', '__proto__', 'x.constructor.txt'],
  ])
    assert.equal(downloadName(name, language), want);
});
