// The events of the chat, for any server of Socket.IO: nothing here knows where the clients are.

/** @param {import('socket.io').Server} io */
module.exports = function chat(io) {
  let users = 0;

  io.on('connection', (socket) => {
    let username;
    const tellOthers = (event, more = {}) => {
      if (username !== undefined) socket.broadcast.emit(event, { username, ...more });
    };

    socket.on('add user', (name) => {
      if (username !== undefined) return;
      username = name;
      users += 1;
      socket.emit('login', { numUsers: users });
      tellOthers('user joined', { numUsers: users });
    });
    socket.on('new message', (message) => tellOthers('new message', { message }));
    socket.on('typing', () => tellOthers('typing'));
    socket.on('stop typing', () => tellOthers('stop typing'));
    socket.on('disconnect', () => {
      if (username !== undefined) users -= 1;
      tellOthers('user left', { numUsers: users });
    });
  });
};
