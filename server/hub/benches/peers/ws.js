/** The peer `ws`: passes every text of the publisher on to all others. Checks nothing. */

import { WebSocketServer } from "ws";

const listeners = new Set();
const server = new WebSocketServer({
  host: "127.0.0.1",
  port: Number(process.argv[2]),
  backlog: 4096,
  perMessageDeflate: false,
});

server.on("connection", (socket, request) => {
  if (!request.url.endsWith("/publisher")) {
    listeners.add(socket);
    socket.on("close", () => listeners.delete(socket));
  }
  socket.on("message", (text) => {
    for (const listener of listeners) listener.send(text, { binary: false });
  });
  socket.send("connected");
});
