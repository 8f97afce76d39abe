// @azure/web-pubsub-express: an application that is asked and told. A real resource would have to be able to call this
// machine, so these tests run on the hub only.
import { WebPubSubJsonProtocol, WebPubSubJsonReliableProtocol } from "@azure/web-pubsub-client";
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { application } from "./application.js";
import { enter, hearsNothing, Inbox, mayAll } from "./people.js";
import { hub, service, skip, startHub } from "./places.js";

if (process.env.PUBSUB_CONNECTION_STRING) skip("Webhooks, on Azure", "a resource cannot call this machine");

test("The application is asked whether it wants events, before the first and not again", async (t) => {
  const { place, seen } = await application(t, {});
  await enter(t, place);
  await enter(t, place);
  const [first, second] = seen;
  assert.equal(first.method, "OPTIONS");
  assert.equal(first.headers["webhook-request-origin"], new URL(place.endpoint).host);
  assert.equal(second.method, "POST");
  assert.equal(seen.filter(({ method }) => method === "OPTIONS").length, 1);
});

test("An application that allows this service by name gets its events", async (t) => {
  const { place } = await application(t, {}, { allowed: ({ endpoint }) => ["http://other:80", endpoint] });
  await enter(t, place, { token: { userId: "ada" } });
});

test("An application that allows other services only gets none, and nobody comes in", async (t) => {
  const { place, seen } = await application(t, {}, { allowed: () => ["https://other.example"] });
  await assert.rejects(enter(t, place), /500/);
  assert.ok(seen.every(({ method }) => method === "OPTIONS"));
});

test("The application sees who wants to come in: claims, query, headers and subprotocols", async (t) => {
  const asked = new Inbox();
  const { place } = await application(t, {
    handleConnect(request, response) {
      asked.put(request);
      response.success();
    },
  });
  const ada = await enter(t, place, { token: { userId: "ada", roles: mayAll, groups: ["one"] } });
  const { context, claims, headers, query, subprotocols } = await asked.next("the question");
  assert.deepEqual([context.userId, context.hub, context.eventName], ["ada", hub, "connect"]);
  assert.equal(context.connectionId, ada.id);
  assert.deepEqual([claims.sub, claims.role, claims["webpubsub.group"]], [["ada"], mayAll, ["one"]]);
  assert.deepEqual(subprotocols, [WebPubSubJsonReliableProtocol().name]);
  assert.ok(headers);
  assert.equal(query.access_token, undefined);
  assert.equal(ada.user, "ada");
});

test("The application signs in its own way: name, roles, groups and subprotocol are its choice", async (t) => {
  const { place } = await application(t, {
    handleConnect(request, response) {
      const [subprotocol] = request.subprotocols;
      response.success({ userId: "queen", roles: ["webpubsub.sendToGroup.court"], groups: ["court"], subprotocol });
    },
  });
  const ada = await enter(t, place, { token: { userId: "ada", roles: ["webpubsub.joinLeaveGroup"] } });
  assert.equal(ada.user, "queen");
  await ada.client.sendToGroup("court", "hear, hear", "text");
  const { fromUserId, data } = await ada.messages.next();
  assert.deepEqual([fromUserId, data], ["queen", "hear, hear"]);
  await assert.rejects(ada.client.joinGroup("garden"), ({ errorDetail }) => errorDetail.name === "Forbidden");
});

for (const code of [400, 401, 500]) {
  test(`The application refuses with ${code}: the client learns the code and the application no more`, async (t) => {
    const { place, seen } = await application(t, {
      handleConnect: (_, response) => response.fail(code, "not today"),
    });
    await assert.rejects(enter(t, place), new RegExp(`${code}`));
    await service(place).sendToAll("x", { contentType: "text/plain" });
    const told = seen.map(({ headers }) => headers["ce-eventname"]).filter(Boolean);
    assert.ok(told.length > 0 && told.every((name) => name === "connect"), `${told}`);
  });
}

test("The application is told who came and who went, and why", async (t) => {
  const told = new Inbox();
  const { place } = await application(t, {
    onConnected: ({ context }) => told.put(["connected", context.connectionId, context.userId]),
    onDisconnected: ({ context, reason }) => told.put(["disconnected", context.connectionId, context.userId, reason]),
  });
  const ada = await enter(t, place, { token: { userId: "ada" }, options: { autoReconnect: false } });
  assert.deepEqual(await told.next("the arrival"), ["connected", ada.id, "ada"]);
  await service(place).closeConnection(ada.id, { reason: "that is all" });
  assert.deepEqual(await told.next("the departure"), ["disconnected", ada.id, "ada", "that is all"]);
});

test("Every event is signed with the key, over the connection's id", async (t) => {
  const { place, seen } = await application(t, {});
  const ada = await enter(t, place);
  const key = /AccessKey=([^;]+)/.exec(place.connectionString)[1];
  const signature = `sha256=${createHmac("sha256", key).update(ada.id).digest("hex")}`;
  const events = seen.filter(({ method }) => method === "POST");
  assert.ok(events.length > 0 && events.every(({ headers }) => headers["ce-signature"] === signature));
});

for (const protocol of [WebPubSubJsonReliableProtocol, WebPubSubJsonProtocol]) {
  const options = () => ({ protocol: protocol() });

  test(`An event's answer comes back as a message: text, JSON and bytes, with ${protocol().name}`, async (t) => {
    const { place } = await application(t, {
      handleUserEvent({ context, data, dataType }, response) {
        assert.equal(context.eventName, "echo");
        if (dataType === "json") response.success(JSON.stringify({ data }), "json");
        else if (dataType === "text") response.success(`${data}!`, "text");
        else response.success(Buffer.concat([data, Buffer.of(9)]), "binary");
      },
    });
    const ada = await enter(t, place, { options: options() });
    await ada.client.sendEvent("echo", "hello", "text");
    await ada.client.sendEvent("echo", [1, { two: 2 }], "json");
    await ada.client.sendEvent("echo", Uint8Array.of(0, 255).buffer, "binary");
    const heard = await ada.messages.take(3);
    assert.deepEqual(heard.map(({ kind, dataType }) => [kind, dataType]), [
      ["serverData", "text"],
      ["serverData", "json"],
      ["serverData", "binary"],
    ]);
    assert.equal(heard[0].data, "hello!");
    assert.deepEqual(heard[1].data, { data: [1, { two: 2 }] });
    assert.deepEqual([...new Uint8Array(heard[2].data)], [0, 255, 9]);
  });

  test(`An event that is answered with nothing is acknowledged, with ${protocol().name}`, async (t) => {
    const { place } = await application(t, { handleUserEvent: (_, response) => response.success() });
    const ada = await enter(t, place, { options: options() });
    assert.equal((await ada.client.sendEvent("note", "x", "text")).isDuplicated, false);
    await hearsNothing(place, ada);
  });

  test(`An event that fails is an error to its sender, who stays, with ${protocol().name}`, async (t) => {
    const { place } = await application(t, { handleUserEvent: (_, response) => response.fail(400, "no") });
    const ada = await enter(t, place, { options: options() });
    const failed = ({ errorDetail }) => errorDetail.name === "InternalServerError";
    await assert.rejects(ada.client.sendEvent("note", "x", "text"), failed);
    await hearsNothing(place, ada);
  });
}

test("An event that failed is sent again by the client, until it succeeds", async (t) => {
  let tries = 0;
  const { place } = await application(t, {
    handleUserEvent(_, response) {
      tries += 1;
      if (tries < 3) response.fail(401);
      else response.success();
    },
  });
  const options = { messageRetryOptions: { maxRetries: 3, retryDelayInMs: 10 } };
  const ada = await enter(t, place, { options });
  await ada.client.sendEvent("note", "x", "text");
  assert.equal(tries, 3);
});

test("What an application remembers of a connection comes back with every later event", async (t) => {
  const remembered = new Inbox();
  const { place } = await application(t, {
    handleConnect(_, response) {
      response.setState("seat", 12);
      response.success();
    },
    onConnected: ({ context }) => remembered.put({ ...context.states }),
    handleUserEvent({ context }, response) {
      remembered.put({ ...context.states });
      response.setState("seat", 13);
      response.setState("hat", { color: "red" });
      response.success();
    },
    onDisconnected: ({ context }) => remembered.put({ ...context.states }),
  });
  const ada = await enter(t, place, { options: { autoReconnect: false } });
  assert.deepEqual(await remembered.next(), { seat: 12 });
  await ada.client.sendEvent("move", "x", "text");
  assert.deepEqual(await remembered.next(), { seat: 12 });
  await ada.client.sendEvent("sit", "x", "text");
  assert.deepEqual(await remembered.next(), { seat: 13, hat: { color: "red" } });
  await service(place).closeConnection(ada.id);
  assert.deepEqual(await remembered.next(), { seat: 13, hat: { color: "red" } });
});

test("Only the events that the hub is told to send are sent", async (t) => {
  const events = "user-events=note,ask system-events=disconnected";
  const told = new Inbox();
  const { place, seen } = await application(
    t,
    {
      handleUserEvent(_, response) {
        response.success();
      },
      onDisconnected: () => told.put("disconnected"),
    },
    { events },
  );
  const ada = await enter(t, place, { options: { autoReconnect: false } });
  await ada.client.sendEvent("note", "x", "text");
  await ada.client.sendEvent("ASK", "x", "text");
  await assert.rejects(ada.client.sendEvent("shout", "x", "text"));
  await service(place).closeConnection(ada.id);
  await told.next("the departure");
  const names = seen.filter(({ method }) => method === "POST").map(({ headers }) => headers["ce-eventname"]);
  assert.deepEqual(names, ["note", "ASK", "disconnected"]);
});

test("An application that is gone is an error to the sender of an event", async (t) => {
  const place = await startHub("--handler", `hub=${hub} url=http://127.0.0.1:9/ user-events=*`);
  t.after(() => place.stop());
  const ada = await enter(t, place);
  const failed = ({ errorDetail }) => errorDetail.name === "InternalServerError";
  await assert.rejects(ada.client.sendEvent("note", "x", "text"), failed);
  await hearsNothing(place, ada);
});

test("A hub that is stopped says goodbye to clients and tells the application", async (t) => {
  const told = new Inbox();
  const place = await application(t, { onDisconnected: ({ context }) => told.put(context.connectionId) });
  const ada = await enter(t, place.place, { options: { protocol: WebPubSubJsonProtocol(), autoReconnect: false } });
  await place.place.stop();
  assert.equal((await ada.disconnections.next("the goodbye")).message.message, "ServiceReload");
  assert.equal(await told.next("the departure"), ada.id);
});
