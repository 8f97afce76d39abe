// People at their clients: Microsoft's client, and a list of what it heard.
import { WebPubSubClient } from "@azure/web-pubsub-client";
import { randomUUID } from "node:crypto";
import { service } from "./places.js";

/** Longer than anything takes; what waits for it has failed. */
const PATIENCE = 20_000;

/** A name that no other test uses: a real resource is shared. */
export const unique = (name) => `${name}-${randomUUID().slice(0, 8)}`;

/** Waits for a promise, but not for ever. */
export function soon(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), PATIENCE);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** What arrives, in order, one at a time. */
export class Inbox {
  #arrived = [];
  #waiting = [];

  put(item) {
    const waiting = this.#waiting.shift();
    if (waiting) waiting(item);
    else this.#arrived.push(item);
  }

  next(what = "a message") {
    if (this.#arrived.length > 0) return Promise.resolve(this.#arrived.shift());
    return soon(new Promise((resolve) => this.#waiting.push(resolve)), what);
  }

  async take(count) {
    const items = [];
    while (items.length < count) items.push(await this.next(`message ${items.length + 1} of ${count}`));
    return items;
  }
}

export const mayAll = ["webpubsub.joinLeaveGroup", "webpubsub.sendToGroup"];

/**
 * Connects somebody. `token` is what getClientAccessToken takes, `options` what the client takes; `through` is another
 * place that leads to this one.
 */
export async function enter(t, place, { hubName, token = {}, options = {}, through = place } = {}) {
  const tokens = service(through, hubName);
  const credential = { getClientAccessUrl: async () => (await tokens.getClientAccessToken(token)).url };
  const client = new WebPubSubClient(credential, { messageRetryOptions: { maxRetries: 0 }, ...options });
  const person = {
    client,
    messages: new Inbox(),
    connections: new Inbox(),
    disconnections: new Inbox(),
    stops: new Inbox(),
  };
  client.on("group-message", ({ message }) => person.messages.put(message));
  client.on("server-message", ({ message }) => person.messages.put(message));
  client.on("connected", (connection) => person.connections.put(connection));
  client.on("disconnected", (goodbye) => person.disconnections.put(goodbye));
  client.on("stopped", () => person.stops.put(true));
  t.after(() => client.stop());
  await soon(client.start(), "the socket to open");
  const connection = await person.connections.next("the greeting");
  return Object.assign(person, { id: connection.connectionId, user: connection.userId });
}

/** Proves that nothing else was on its way to somebody: a message sent now is the next to arrive. */
export async function hearsNothing(place, person, hubName) {
  const last = unique("last");
  await service(place, hubName).sendToConnection(person.id, last, { contentType: "text/plain" });
  const message = await person.messages.next();
  if (message.data !== last) throw new Error(`heard ${JSON.stringify(message)}`);
}
