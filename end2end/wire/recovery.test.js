// What @azure/web-pubsub-client does when its connection fails, and what the hub has kept for it. The wire that fails is
// a proxy; a real resource is not behind one that we could cut.
import { WebPubSubJsonProtocol, WebPubSubJsonReliableProtocol } from "@azure/web-pubsub-client";
import assert from "node:assert/strict";
import { test } from "node:test";
import { enter, hearsNothing, Inbox, mayAll, soon, unique } from "./people.js";
import { everywhere, service } from "./places.js";
import { wireTo } from "./proxy.js";

const onlyHere = { only: process.env.PUBSUB_CONNECTION_STRING && "it needs a wire that can be cut" };

/** A wire for one test. */
async function wire(t, place) {
  const through = await wireTo(place);
  t.after(() => through.close());
  return through;
}

const text = { contentType: "text/plain" };

everywhere("A reliable client", (place) => {
  test("that lost its socket hears what was said meanwhile, once and in order", async (t) => {
    const through = await wire(t, place());
    const group = unique("group");
    const ada = await enter(t, place(), { through, token: { userId: "ada", groups: [group] } });
    const server = service(place()).group(group);
    await server.sendToAll("1", text);
    assert.equal((await ada.messages.next()).data, "1");
    through.break();
    for (let n = 2; n <= 50; n += 1) await server.sendToAll(`${n}`, text);
    through.mend();
    const heard = await ada.messages.take(49);
    assert.deepEqual(heard.map(({ data }) => Number(data)), Array.from({ length: 49 }, (_, at) => at + 2));
    await server.sendToAll("51", text);
    assert.equal((await ada.messages.next()).data, "51");
    await hearsNothing(place(), ada);
  });

  test("keeps its id, its groups and its permissions, and is not told of the loss", async (t) => {
    const through = await wire(t, place());
    const group = unique("group");
    const ada = await enter(t, place(), { through, token: { userId: "ada", roles: [`webpubsub.sendToGroup.${group}`] } });
    const server = service(place());
    await server.grantPermission(ada.id, "joinLeaveGroup", { targetName: group });
    await ada.client.joinGroup(group);
    const again = through.knocked();
    through.cut();
    await soon(again, "the client to come back");
    await server.group(group).sendToAll("still here", text);
    assert.equal((await ada.messages.next()).data, "still here");
    await ada.client.sendToGroup(group, "and may still send", "text");
    assert.equal((await ada.messages.next()).data, "and may still send");
    assert.ok(await server.connectionExists(ada.id));
    ada.client.stop();
    assert.equal((await ada.disconnections.next("the end")).connectionId, ada.id);
  });

  test("that is cut again and again while messages flow loses none and hears none twice", async (t) => {
    const through = await wire(t, place());
    const group = unique("group");
    const ada = await enter(t, place(), { through, token: { groups: [group] } });
    const bob = await enter(t, place(), { token: { roles: mayAll } });
    const count = 500;
    const heard = ada.messages.take(count);
    for (let n = 0; n < count; n += 1) {
      await bob.client.sendToGroup(group, n, "json");
      if (n % 50 === 25) through.cut();
    }
    assert.deepEqual((await heard).map(({ data }) => data), Array.from({ length: count }, (_, at) => at));
    await hearsNothing(place(), ada);
  });

  test("sends again what was not acknowledged", async (t) => {
    const through = await wire(t, place());
    const group = unique("group");
    const options = { messageRetryOptions: { maxRetries: 20, retryDelayInMs: 100 } };
    const ada = await enter(t, place(), { through, options, token: { roles: mayAll } });
    const bob = await enter(t, place(), { token: { groups: [group] } });
    const tried = through.knocked();
    through.break();
    const sent = ada.client.sendToGroup(group, "at last", "text");
    await soon(tried, "the client to try again");
    through.mend();
    await soon(sent, "the acknowledgement");
    assert.equal((await bob.messages.next()).data, "at last");
  });

  test("that the server closed is told why, and begins anew", async (t) => {
    const ada = await enter(t, place(), { token: { userId: "ada" } });
    await service(place()).closeConnection(ada.id, { reason: "that is all" });
    const goodbye = await ada.disconnections.next("the goodbye");
    assert.equal(goodbye.message.message, "that is all");
    const anew = await ada.connections.next("a new connection");
    assert.notEqual(anew.connectionId, ada.id);
    assert.equal(await service(place()).connectionExists(ada.id), false);
  });

  test("that owes more than 1,000 acknowledgements begins anew", async (t) => {
    const through = await wire(t, place());
    const group = unique("group");
    const ada = await enter(t, place(), { through, token: { groups: [group] } });
    const server = service(place()).group(group);
    through.break();
    const sends = Array.from({ length: 1001 }, (_, n) => n);
    while (sends.length > 0) await Promise.all(sends.splice(0, 50).map((n) => server.sendToAll(`${n}`, text)));
    through.mend();
    assert.equal((await ada.disconnections.next("the end")).connectionId, ada.id);
    assert.notEqual((await ada.connections.next("a new connection")).connectionId, ada.id);
  });
}, onlyHere);

everywhere("A reliable client that is away for longer than the hub waits", (place) => {
  test("begins anew, and is back in the groups that it joined", async (t) => {
    const through = await wire(t, place());
    const group = unique("group");
    const ada = await enter(t, place(), { through, token: { userId: "ada", roles: mayAll } });
    await ada.client.joinGroup(group);
    const server = service(place());
    through.break();
    const gone = async () => {
      while (await server.connectionExists(ada.id));
    };
    await soon(gone(), "the hub to give up");
    assert.equal(await server.groupExists(group), false);
    through.mend();
    assert.equal((await ada.disconnections.next("the end")).connectionId, ada.id);
    const anew = await ada.connections.next("a new connection");
    assert.notEqual(anew.connectionId, ada.id);
    await server.group(group).sendToAll("welcome back", text);
    assert.equal((await ada.messages.next()).data, "welcome back");
  });
}, { ...onlyHere, words: ["--retention", "1"] });

everywhere("A client without recovery", (place) => {
  test("connects anew when it lost its socket, however often it is refused", async (t) => {
    const through = await wire(t, place());
    const group = unique("group");
    const options = { protocol: WebPubSubJsonProtocol(), reconnectRetryOptions: { retryDelayInMs: 50 } };
    const ada = await enter(t, place(), { through, options, token: { roles: mayAll } });
    await ada.client.joinGroup(group);
    const before = through.knocks();
    through.break();
    while (through.knocks() < before + 3) await soon(through.knocked(), "another attempt");
    through.mend();
    assert.notEqual((await ada.connections.next("a new connection")).connectionId, ada.id);
    await service(place()).group(group).sendToAll("welcome back", text);
    assert.equal((await ada.messages.next()).data, "welcome back");
  });

  test("stops when it is not to reconnect", async (t) => {
    const through = await wire(t, place());
    const options = { protocol: WebPubSubJsonProtocol(), autoReconnect: false };
    const ada = await enter(t, place(), { through, options });
    through.cut();
    await ada.disconnections.next("the loss");
    await ada.stops.next("the stop");
  });
}, onlyHere);

everywhere("A client that pings", (place) => {
  /** The protocol, and an inbox for the answers to pings, which the client keeps to itself. */
  function overheard() {
    const pongs = new Inbox();
    const protocol = WebPubSubJsonReliableProtocol();
    const parse = protocol.parseMessages.bind(protocol);
    protocol.parseMessages = (input) => {
      const message = parse(input);
      if (message?.kind === "pong") pongs.put(message);
      return message;
    };
    return { protocol, pongs };
  }

  test("hears a pong each time, and stays for many times as long as it would bear silence", async (t) => {
    const { protocol, pongs } = overheard();
    const options = { protocol, keepAliveIntervalInMs: 100, keepAliveTimeoutInMs: 600 };
    const ada = await enter(t, place(), { options });
    await pongs.take(30);
    assert.ok(await service(place()).connectionExists(ada.id));
    await hearsNothing(place(), ada);
  });

  test("leaves a socket that fell silent, and comes back with another", async (t) => {
    const through = await wire(t, place());
    const { protocol, pongs } = overheard();
    const options = { protocol, keepAliveIntervalInMs: 100, keepAliveTimeoutInMs: 600 };
    const ada = await enter(t, place(), { through, options });
    await pongs.next("a pong");
    const again = through.knocked();
    through.swallow();
    await service(place()).sendToConnection(ada.id, "are you there?", text);
    await soon(again, "the client to come back");
    assert.equal((await ada.messages.next()).data, "are you there?");
  });
}, onlyHere);
