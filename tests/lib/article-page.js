// A page as somebody builds it who has read the two articles about code streaming and nothing else:
// its client code keeps their functions, event names, fields and order, faults included, and knows
// nothing of this project. Runs as a child process, because what such a page throws in an event
// handler must not end it, as it does not end a browser page.
//
// argv: JSON { api, role, hub, roomId?, syncTo: 'room' | 'control' }
// From the parent: { type: text to append }. To it: { status | streamId | text | thrown | loaded }.
import { io } from 'socket.io-client';

const options = JSON.parse(process.argv[2]);
const report = (message) => process.send(message);

process.on('uncaughtException', (error) => report({ thrown: String(error) }));
process.on('unhandledRejection', (error) => report({ thrown: String(error) }));
process.on('disconnect', () => process.exit(0));

// ---- what a browser and the rest of the page would bring

const fetchFromPage = (url) => fetch(new URL(url, options.api));
const updateStatus = (status) => report({ status });
const updateStreamId = (streamId) => report({ streamId });

/** The part of an editor that the articles' code uses: a text, and a list of changes to it. */
function createEditor(onChange) {
  let text = '';
  const edit = ({ rangeOffset, rangeLength, text: inserted }) => {
    text = text.slice(0, rangeOffset) + inserted + text.slice(rangeOffset + rangeLength);
  };
  return {
    getValue: () => text,
    setValue: (value) => { text = value; },
    apply: (changes) => changes.forEach(edit),
    type: (inserted) => {
      const change = { rangeOffset: text.length, rangeLength: 0, text: inserted };
      edit(change);
      onChange(change);
    },
  };
}

// ---- the client code after the articles

let changes = [];
let content = '';
let version = 0;

async function initialize(url) {
  const data = await (await fetchFromPage(url)).json();
  updateStreamId(data.room_id);
  const editor = createEditor((change) => changes.push(change));
  const socket = io(data.url, { path: `/clients/socketio/hubs/${options.hub}` });
  return [socket, editor, data.room_id];
}

function joinRoom(socket, id) {
  socket.emit('joinRoom', { room_id: id });
}

function sendToRoom(socket, id, data) {
  socket.emit('sendToRoom', { room_id: id, data });
}

async function writerPage() {
  const [socket, editor, id] = await initialize('/negotiate');

  function flush() {
    if (changes.length === 0) return;
    sendToRoom(socket, id, { type: 'delta', changes, version: version++ });
    changes = [];
    content = editor.getValue();
  }

  socket.on('login', () => {
    updateStatus('Connected');
    joinRoom(socket, id);
    setInterval(() => flush(), 200);
  });

  // As in the articles, the acknowledgement of the writer's own joinRoom, which has no data, throws
  // here.
  socket.on('message', (message) => {
    const { data } = message;
    if (data.data === 'sync') sendToRoom(socket, id, { type: 'full', content, version });
  });

  process.on('message', ({ type }) => editor.type(type));
}

async function viewerPage() {
  const id = options.roomId;
  const [socket, editor] = await initialize(`/register?room_id=${id}`);

  socket.on('login', () => {
    updateStatus('Connected');
    joinRoom(socket, id);
  });

  socket.on('message', (message) => {
    if (message.type === 'ackJoinRoom' && message.success) {
      sendToRoom(socket, options.syncTo === 'control' ? `${id}-control` : id, { data: 'sync' });
    } else if (message.type === 'editorMessage') {
      const { data } = message;
      if (data.type === 'delta') editor.apply(data.changes);
      else if (data.type === 'full') editor.setValue(data.content);
      report({ text: editor.getValue(), by: data.type, version: data.version });
    }
  });
}

await (options.role === 'writer' ? writerPage() : viewerPage());
report({ loaded: true });
