const server = require('http').createServer();
const wpsExt = require("@azure/web-pubsub-socket.io")

const wpsOptions = {
    hub: "eio_hub",
    connectionString: process.argv[2]
};

async function main() {
    const io = await require('socket.io')(server).useAzureSocketIO(wpsOptions);

    require('../../../examples/migrate/chat.cjs')(io); // the example that the article changes, as written here
    io.on("connection", async (socket) => { await socket.join("room abc"); });

    server.listen(3000);
}

main();
