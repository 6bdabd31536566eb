/*server.js*/

// Import required packages
const express = require('express');
const path = require('path');

// Create an HTTP server based on Express
const app = express();
const server = require('http').createServer(app);

app.use(express.static(path.join(__dirname, 'public')));

/*server.js*/
const { useAzureSocketIO } = require("@azure/web-pubsub-socket.io");

const wpsOptions = {
    hub: "codestream",
    connectionString: process.argv[2]
}

/*server.js*/

const io = require("socket.io")(server); // mended: the article gives it no server, and io.httpServer is nothing then
useAzureSocketIO(io, wpsOptions);

const endpoint = /Endpoint=([^;]+)/.exec(process.argv[2])[1] + ':' + /Port=(\d+)/.exec(process.argv[2])[1]; // mended: the article does not say what it is

/*server.js*/
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

/*server.js*/
io.on('connection', socket => {
    socket.emit("login");

    /*server.js*/
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
