// A whiteboard: what somebody draws is kept for those who come later, and drawn at everybody's. It uses of
// the library and of Socket.IO what the sample that article 004 links to uses, in words of our own.
const express = require('express');
const { Server } = require('socket.io');
const azure = require('@azure/web-pubsub-socket.io');

const app = express();
const server = require('node:http').createServer(app);
const io = new Server(server);
azure.useAzureSocketIO(io, { hub: 'sample_draw', connectionString: process.argv[2] });

const ROOM = 'draw';
const shapes = {};
let people = 0;

io.on('connection', async (socket) => {
  for (const event of ['updateShape', 'patchShape', 'newMessage']) {
    socket.on(event, (message) => io.to(ROOM).emit(event, message));
  }
  socket.on('addShape', ([id, shape]) => {
    shapes[id] = shape;
  });
  socket.on('removeShape', ([author, id]) => {
    delete shapes[id];
    io.to(ROOM).emit('removeShape', [author, id]);
  });
  socket.on('disconnect', async () => {
    people -= 1;
    await io.to(ROOM).emit('updateUser', people);
  });
  await socket.join(ROOM);
  people += 1;
  await io.to(ROOM).emit('updateUser', people);
});

app.get('/diagram', (req, res) => res.json({ shapes }));
app.post('/background', async (req, res) => {
  await io.emit('updateBackground', 'b1');
  res.end();
});
app.get('/negotiate', azure.negotiate(io));
io.httpServer.listen(8080);
