/** The peer Bun: passes every text of the publisher on to all others, by uWebSockets' own publish. Checks nothing. */

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.argv[2]),
  fetch(request, server) {
    const listens = !request.url.endsWith("/publisher");
    if (!server.upgrade(request, { data: { listens } })) return new Response("sockets only", { status: 400 });
  },
  websocket: {
    perMessageDeflate: false,
    idleTimeout: 0,
    backpressureLimit: 64 * 1024 * 1024,
    open(socket) {
      if (socket.data.listens) socket.subscribe("crowd");
      socket.send("connected");
    },
    message(_, text) {
      server.publish("crowd", text);
    },
  },
});
