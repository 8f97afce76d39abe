/** The peer Socket.IO: passes every message of the publisher on to a room with all others. Checks nothing. */

import { createServer } from "node:http";
import { Server } from "socket.io";

const http = createServer();
// Pings are far apart: none falls into a measurement.
const server = new Server(http, {
  transports: ["websocket"],
  perMessageDeflate: false,
  serveClient: false,
  pingInterval: 300_000,
  pingTimeout: 300_000,
});

server.on("connection", (socket) => {
  if (socket.handshake.query.name !== "publisher") socket.join("crowd");
  socket.on("message", (message) => server.to("crowd").emit("message", message));
});
http.listen({ host: "127.0.0.1", port: Number(process.argv[2]), backlog: 4096 });
