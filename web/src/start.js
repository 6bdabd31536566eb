// Runs before everything else, in every browser that there is, so it is written in the JavaScript
// of 2009. It asks for the editor's files where the page is to be a writer's, which only the
// address says, and it says in words when the page cannot begin.
// @ts-nocheck: it asks for what today's browsers no longer lack.
(function () {
  var SECONDS = 20;
  var root = document.documentElement;
  var script = document.currentScript;
  var writes = location.hash.length < 2;

  function ask(address) {
    var link = document.createElement('link');
    link.rel = /\.css$/.test(address) ? 'preload' : 'modulepreload';
    if (link.rel === 'preload') link.as = 'style';
    link.setAttribute('fetchpriority', 'low');
    link.href = address;
    document.head.appendChild(link);
  }

  function begun() {
    return root.getAttribute('data-role') !== null;
  }

  function say(title, text) {
    if (begun()) return;
    document.getElementById('state').textContent = 'Not loaded';
    document.getElementById('empty-title').textContent = title;
    document.getElementById('empty-text').textContent = text;
  }

  function tooOld() {
    say(
      'This browser is too old',
      'Codestream needs Chrome or Edge 111, Firefox 115, Safari 15.4, or something newer.'
    );
  }

  function notLoaded() {
    say('The page could not be loaded', 'A part of it did not arrive. Reload the page to try again.');
  }

  if (!script || !('noModule' in script)) {
    if (document.addEventListener) document.addEventListener('DOMContentLoaded', tooOld);
    else document.attachEvent('onreadystatechange', tooOld);
    return;
  }
  var parts = writes ? script.getAttribute('data-editor').split(' ') : [];
  for (var i = 0; i < parts.length; i++) ask(parts[i]);
  window.addEventListener(
    'error',
    function (event) {
      if (event.target && event.target.tagName === 'SCRIPT') notLoaded();
      // A script that this browser cannot read, or that misses something in it.
      else if (event.target === window) tooOld();
    },
    true
  );
  setTimeout(notLoaded, SECONDS * 1000);
})();
