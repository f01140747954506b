// socket.io's chat with its Redis adapter: `node server.js SOCKET REDIS`, both paths of unix sockets.
const http = require("http");
const { Server } = require("socket.io");
const { createClient } = require("redis");
const { createAdapter } = require("@socket.io/redis-adapter");

async function main(socket, redis) {
  const publisher = createClient({ socket: { path: redis } });
  const subscriber = publisher.duplicate();
  await Promise.all([publisher.connect(), subscriber.connect()]);
  const server = http.createServer();
  const io = new Server(server, { transports: ["websocket"], adapter: createAdapter(publisher, subscriber) });
  io.on("connection", (client) => {
    let room = null;
    client.on("join", (name, done) => {
      room = name;
      client.join(name);
      done("joined");
    });
    client.on("say", (text) => {
      if (room !== null) io.to(room).emit("said", text);
    });
  });
  server.listen(socket, 4096);
}

main(...process.argv.slice(2));
