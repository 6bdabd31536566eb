// Import required package
const express = require('express');
const path = require('path');

// Create a HTTP server based on Express
const app = express();
const server = require('http').createServer(app);

app.use(express.static(path.join(__dirname, 'public')));

const wpsExt = require("@azure/web-pubsub-socket.io");

const wpsOptions = {
    hub: "eio_hub",
    connectionString: process.argv[2]
};

(async () => { // mended: a module of this kind has no await outside of functions

let io = require('socket.io')(server)
await io.useAzureSocketIO(wpsOptions);

io.on('connection', socket => {
    socket.emit("login");

    socket.on('joinRoom', async (message) => {
        const room_id = message["room_id"];
        await socket.join(room_id);
        // ...
        socket.emit("message", {
            type: "ackJoinRoom", 
            success: true 
        })
    });

    socket.on('sendToRoom', (message) => {
        const room_id = message["room_id"]
        const data = message["data"]

        socket.broadcast.to(room_id).emit("message", {
            type: "editorMessage",
            data: data
        });
    });
});

const endpoint = /Endpoint=([^;]+)/.exec(process.argv[2])[1] + ':' + /Port=(\d+)/.exec(process.argv[2])[1]; // mended: the article does not say what it is

app.get('/negotiate', async (req, res) => {
    res.json({
        url: endpoint, // mended: a comma
        room_id: Math.random().toString(36).slice(2, 7),
    });
});

// Make the Socket.IO server listen on port 3000
io.httpServer.listen(3000, () => {
    console.log('Visit http://localhost:%d', 3000);
});

})();
