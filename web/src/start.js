// Stands in the page itself and runs before everything else, in every browser that there is, so it
// is written in the JavaScript of 2009. Only the address says whether the page is a writer's or a
// viewer's: so it asks for the files of either, and a viewer's page begins to connect. It says in
// words when the page cannot begin, or has no style.
// @ts-nocheck: it asks for what today's browsers no longer lack.
(function () {
  var SECONDS = 10;
  var MOST_MS = 64000;
  var root = document.documentElement;
  var script = document.currentScript;
  var room = location.hash.slice(1);

  function ask(names, priority) {
    var addresses = script.getAttribute(names).split(' ');
    for (var i = 0; i < addresses.length; i++) {
      var link = document.createElement('link');
      link.rel = /\.css$/.test(addresses[i]) ? 'preload' : 'modulepreload';
      if (link.rel === 'preload') link.as = 'style';
      link.setAttribute('fetchpriority', priority);
      link.href = addresses[i];
      document.head.appendChild(link);
    }
  }

  // The socket that socketio.js would open, and what comes over it before that has been loaded.
  function connect(ticket) {
    var query = '/?access_token=' + encodeURIComponent(ticket.token) + '&EIO=4&transport=websocket';
    var socket = new WebSocket(ticket.endpoint.replace(/^http/, 'ws') + ticket.path + query);
    var begun = { socket: socket, heard: [] };
    socket.onmessage = function (event) {
      begun.heard.push(event);
    };
    return begun;
  }

  // What link.js would ask first, asked while it is still being loaded.
  function negotiate(room) {
    var api = document.querySelector('meta[name="codestream-api"]').getAttribute('content');
    var url = api + '/negotiate?room_id=' + room;
    if (!/^https?:/.test(url)) return;
    var controller = new AbortController();
    var response = fetch(url, { signal: controller.signal, credentials: 'omit' });
    var early = { url: url, controller: controller, response: response };
    window.codestreamEarly = early;
    response
      .then(function (answer) {
        return answer.clone().json();
      })
      .then(function (ticket) {
        // Whoever has taken the answer by now opens a socket, too.
        if (window.codestreamEarly === early) early.begun = connect(ticket);
      })
      // link.js is told of a failure.
      .then(undefined, function () {});
  }

  // As long as the style sheet is on its way, a browser paints nothing and runs none of the scripts:
  // what is asked for again holds up neither.
  var tries = 0;
  var unstyled;
  function style() {
    return document.querySelector('link[rel=stylesheet]');
  }
  function styleAgain() {
    var former = style();
    var next = document.createElement('link');
    next.rel = 'stylesheet';
    next.href = former.getAttribute('href').replace(/\?.*$/, '') + '?' + ++tries;
    next.onload = function () {
      if (unstyled) unstyled.parentNode.removeChild(unstyled);
      unstyled = undefined;
    };
    former.parentNode.replaceChild(next, former);
  }
  function sayUnstyled() {
    if (unstyled) return;
    unstyled = document.createElement('p');
    unstyled.setAttribute('role', 'alert');
    unstyled.textContent =
      'The style of this page did not arrive, so it looks wrong. Reload the page to try again.';
    document.body.insertBefore(unstyled, document.body.firstChild);
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

  var failed = false;
  function notLoaded() {
    failed = true;
    say('The page could not be loaded', 'A part of it did not arrive. Reload the page to try again.');
  }

  if (!script || !('noModule' in script)) {
    if (document.addEventListener) document.addEventListener('DOMContentLoaded', tooOld);
    else document.attachEvent('onreadystatechange', tooOld);
    return;
  }
  if (room !== '') {
    ask('data-viewer', 'high');
    // Whoever looks at a page that loads ahead has not opened it yet.
    if (!document.prerendering && /^[\w-]{22}(?![\w-])/.test(room) && !/[?&]transport=/.test(location.search))
      negotiate(room.slice(0, 22));
  } else {
    ask('data-writer', 'high');
    ask('data-editor', 'low');
  }
  window.addEventListener(
    'error',
    function (event) {
      if (event.target && event.target.tagName === 'SCRIPT') notLoaded();
      else if (event.target === style()) {
        if (document.body) sayUnstyled();
        setTimeout(styleAgain, Math.min(1000 * Math.pow(2, tries), MOST_MS));
      }
      // A script that this browser cannot read, or that misses something in it.
      else if (event.target === window) tooOld();
    },
    true
  );
  // A part that is asked for by name.
  window.addEventListener('unhandledrejection', function (event) {
    if (event.reason instanceof SyntaxError) tooOld();
    else notLoaded();
  });
  setTimeout(function () {
    if (!style().sheet && !unstyled) {
      sayUnstyled();
      styleAgain();
    }
    if (!failed) say('The page is not there yet', 'A part of it has not arrived. Wait for it, or reload the page.');
  }, SECONDS * 1000);
})();
