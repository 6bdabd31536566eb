// The client of Socket.IO's chat example on a page of our own: it emits and hears the same events.
// Only where it connects differs: endpoint and path come from /negotiate.

import { io } from 'socket.io-client';

const TYPING_MS = 400;
const NEGOTIATE_MS = 6_000;
const AGAIN_MS = 2_000;

const page = {
  login: document.querySelector('#login'),
  main: document.querySelector('main'),
  log: document.querySelector('#log'),
  typing: document.querySelector('#typing'),
  speak: document.querySelector('#speak'),
  trouble: document.querySelector('#trouble'),
};
const typing = new Set(); // names of users
let socket; // undefined until negotiate has answered
let username;
let typingEnds; // timer; runs while the others see that we are typing

function add(className, ...parts) {
  const line = document.createElement('li');
  line.className = className;
  line.append(...parts);
  page.log.append(line);
  line.scrollIntoView();
}

const tell = (text) => add('news', text);

function addMessage({ username: author, message }) {
  const name = document.createElement('b');
  name.append(author);
  add('message', name, String(message));
}

function tellNumber({ numUsers }) {
  tell(numUsers === 1 ? "there's 1 participant" : `there are ${numUsers} participants`);
}

function showTyping() {
  page.typing.textContent = typing.size > 0 ? `${[...typing].join(', ')} is typing` : '';
}

function setTyping(name, isTyping) {
  if (isTyping) typing.add(name);
  else typing.delete(name);
  showTyping();
}

function stopTyping() {
  if (!typingEnds) return;
  clearTimeout(typingEnds);
  typingEnds = undefined;
  socket?.emit('stop typing');
}

function listen() {
  socket.on('login', (data) => {
    tell('Welcome to the chat');
    tellNumber(data);
  });
  socket.on('new message', (data) => addMessage(data));
  socket.on('user joined', (data) => {
    tell(`${data.username} joined`);
    tellNumber(data);
  });
  socket.on('user left', (data) => {
    tell(`${data.username} left`);
    tellNumber(data);
    setTyping(data.username, false);
  });
  socket.on('typing', (data) => setTyping(data.username, true));
  socket.on('stop typing', (data) => setTyping(data.username, false));
  socket.on('disconnect', () => tell('you have been disconnected'));
  socket.io.on('reconnect', () => {
    tell('you have been reconnected');
    if (username) socket.emit('add user', username);
  });
  socket.io.on('reconnect_error', renewToken);
}

async function negotiate() {
  const response = await fetch(`${api}/negotiate`, { signal: AbortSignal.timeout(NEGOTIATE_MS) });
  if (!response.ok) throw new Error(`the function app answered ${response.status}`);
  return response.json();
}

/** The token may have expired; the next attempt has a fresh one. */
async function renewToken() {
  const answer = await negotiate().catch(() => undefined);
  if (answer) socket.io.opts.query.access_token = answer.token;
}

async function connect() {
  try {
    const { endpoint, path, token } = await negotiate();
    socket = io(endpoint, { path, query: { access_token: token } });
  } catch (error) {
    page.trouble.textContent = `No connection yet: ${error.message}`;
    setTimeout(connect, AGAIN_MS);
    return;
  }
  page.trouble.textContent = '';
  listen();
  if (username) socket.emit('add user', username);
}

page.login.addEventListener('submit', (event) => {
  event.preventDefault();
  username = new FormData(page.login).get('username').trim();
  if (!username) return;
  page.login.hidden = true;
  page.main.hidden = false;
  page.speak.elements.message.focus();
  socket?.emit('add user', username);
});

page.speak.addEventListener('submit', (event) => {
  event.preventDefault();
  const message = page.speak.elements.message.value;
  if (!message || !socket) return;
  page.speak.reset();
  addMessage({ username, message });
  socket.emit('new message', message);
  stopTyping();
});

page.speak.addEventListener('input', () => {
  if (!typingEnds) socket?.emit('typing');
  clearTimeout(typingEnds);
  typingEnds = setTimeout(stopTyping, TYPING_MS);
});

const api = document.querySelector('meta[name=codestream-api]').content;
connect();
