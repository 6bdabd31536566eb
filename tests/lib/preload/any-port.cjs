// Servers that listen on a port of their own choice listen on a free one, and tell it.
const net = require('node:net');

const { listen } = net.Server.prototype;
net.Server.prototype.listen = function listenAnywhere(_port, ...rest) {
  this.once('listening', () => process.send({ port: this.address().port }));
  return listen.call(this, 0, ...rest);
};
