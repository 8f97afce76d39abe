// An application that is asked and told, made with @azure/web-pubsub-express. Knows no test.
import { WebPubSubEventHandler } from "@azure/web-pubsub-express";
import { once } from "node:events";
import express from "express";
import { hub, startHub } from "./places.js";

const everything = "user-events=* system-events=connect,connected,disconnected";

/**
 * Starts an application with the handler that `options` describe, and a hub that calls it. `events` says which events
 * the hub sends. `seen` holds every request that the application got, as `METHOD name`.
 */
export async function application(t, options, { events = everything, allowed = undefined } = {}) {
  const app = express();
  const seen = [];
  app.use((request, _, next) => {
    seen.push({ method: request.method, headers: request.headers });
    next();
  });
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${server.address().port}/api/webpubsub/hubs/${hub}/`;
  const place = await startHub("--handler", `hub=${hub} url=${url} ${events}`);
  const allowedEndpoints = allowed?.(place);
  const handler = new WebPubSubEventHandler(hub, { ...options, ...(allowedEndpoints && { allowedEndpoints }) });
  app.use(handler.getMiddleware());
  t.after(async () => {
    await place.stop();
    server.closeAllConnections();
    server.close();
  });
  return { place, seen };
}
