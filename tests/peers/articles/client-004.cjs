// highlight-next-line
const io = require("socket.io-client");

// highlight-start
const socket = io(process.argv[2], { // where the article has "<web-pubsub-socketio-endpoint>"
    path: "/clients/socketio/hubs/Hub",
});
// highlight-end

// Receives a message from the server
socket.on("hello", (arg) => {
    console.log(arg);
});

// Sends a message to the server
socket.emit("howdy", "stranger")
