// @azure/web-pubsub: every operation that it has, with the status that it gets.
import { odata, WebPubSubServiceClient } from "@azure/web-pubsub";
import assert from "node:assert/strict";
import { test } from "node:test";
import { enter, hearsNothing, mayAll, unique } from "./people.js";
import { everywhere, hub, service } from "./places.js";

const text = { contentType: "text/plain" };

/** The operations of the package that the tests below perform; one that it gets later is missed here. */
const performed = {
  hub: [
    "addConnectionsToGroups",
    "closeAllConnections",
    "closeConnection",
    "closeUserConnections",
    "connectionExists",
    "getClientAccessToken",
    "grantPermission",
    "group",
    "groupExists",
    "hasPermission",
    "removeConnectionFromAllGroups",
    "removeConnectionsFromGroups",
    "removeUserFromAllGroups",
    "revokePermission",
    "sendToAll",
    "sendToConnection",
    "sendToUser",
    "userExists",
  ],
  group: ["addConnection", "addUser", "closeAllConnections", "listConnections", "removeConnection", "removeUser", "sendToAll"],
};

/** Performs an operation that takes options last, and returns its status. */
async function status(operation, options = {}) {
  let answer;
  try {
    await operation({ ...options, onResponse: (response) => (answer = response) });
  } catch (error) {
    if (!answer) throw error;
  }
  return answer.status;
}

/** The code of the error that an operation fails with. */
async function failure(operation) {
  let failed;
  await assert.rejects(operation, (error) => {
    failed = error;
    return true;
  });
  return [failed.statusCode, failed.code ?? failed.response?.headers.get("x-ms-error-code")];
}

async function listed(group, options) {
  const found = [];
  for await (const member of await group.listConnections(options)) found.push(member);
  return found;
}

test("Every operation of the package is performed here", () => {
  const operations = (prototype) =>
    Object.getOwnPropertyNames(prototype)
      .filter((name) => name !== "constructor" && typeof prototype[name] === "function")
      .sort();
  const client = new WebPubSubServiceClient("Endpoint=http://h;AccessKey=k;Version=1.0;", hub);
  assert.deepEqual(operations(WebPubSubServiceClient.prototype), performed.hub);
  assert.deepEqual(operations(Object.getPrototypeOf(client.group("g"))), performed.group);
});

everywhere("The REST interface", (place) => {
  const server = () => service(place());

  test("sends to one connection", async (t) => {
    const ada = await enter(t, place());
    const bob = await enter(t, place());
    assert.equal(await status((o) => server().sendToConnection(ada.id, "to ada", o), text), 202);
    const { kind, data, dataType } = await ada.messages.next();
    assert.deepEqual([kind, data, dataType], ["serverData", "to ada", "text"]);
    await hearsNothing(place(), bob);
  });

  test("sends to all connections of a user", async (t) => {
    const userId = unique("ada/ÿ %2F+");
    const here = await enter(t, place(), { token: { userId } });
    const there = await enter(t, place(), { token: { userId } });
    const other = await enter(t, place(), { token: { userId: unique("bob") } });
    assert.equal(await status((o) => server().sendToUser(userId, { to: "ada" }, o)), 202);
    for (const person of [here, there]) assert.deepEqual((await person.messages.next()).data, { to: "ada" });
    await hearsNothing(place(), other);
  });

  test("sends to a group, but not to those who are excluded", async (t) => {
    const group = unique("group/ÿ %2F+");
    const ada = await enter(t, place(), { token: { groups: [group] } });
    const bob = await enter(t, place(), { token: { groups: [group] } });
    const eve = await enter(t, place(), { token: { groups: [group] } });
    const options = { ...text, excludedConnections: [bob.id, eve.id] };
    assert.equal(await status((o) => server().group(group).sendToAll("to some", o), options), 202);
    const { kind, group: heardIn, data } = await ada.messages.next();
    assert.deepEqual([kind, heardIn, data], ["groupData", group, "to some"]);
    await hearsNothing(place(), bob);
    await hearsNothing(place(), eve);
  });

  test("sends bytes and JSON strings as what they are", async (t) => {
    const ada = await enter(t, place());
    await server().sendToConnection(ada.id, Buffer.from([0, 1, 255]));
    await server().sendToConnection(ada.id, "a JSON string");
    const [bytes, json] = await ada.messages.take(2);
    assert.deepEqual([bytes.dataType, ...new Uint8Array(bytes.data)], ["binary", 0, 1, 255]);
    assert.deepEqual([json.dataType, json.data], ["json", "a JSON string"]);
  });

  test("accepts messages for those who are not there", async () => {
    assert.equal(await status((o) => server().sendToConnection(unique("nobody"), "x", o), text), 202);
    assert.equal(await status((o) => server().sendToUser(unique("nobody"), "x", o), text), 202);
    assert.equal(await status((o) => server().group(unique("nobody")).sendToAll("x", o), text), 202);
  });

  test("takes a time to live from 0 to 300 seconds", async () => {
    const send = (messageTtlSeconds) =>
      status((o) => server().sendToConnection(unique("nobody"), "x", o), { ...text, messageTtlSeconds });
    assert.deepEqual([await send(0), await send(300), await send(301)], [202, 202, 400]);
  });

  test("knows who is there", async (t) => {
    const [userId, group] = [unique("ada"), unique("group")];
    const ada = await enter(t, place(), { token: { userId, groups: [group] } });
    const there = [
      (o) => server().connectionExists(ada.id, o),
      (o) => server().userExists(userId, o),
      (o) => server().groupExists(group, o),
    ];
    for (const exists of there) assert.equal(await exists(), true);
    for (const exists of there) assert.equal(await status(exists), 200);
  });

  test("says what it is that is not there", async () => {
    const nobody = unique("nobody");
    const codes = [];
    const options = { onResponse: (response) => codes.push([response.status, response.headers.get("x-ms-error-code")]) };
    assert.equal(await server().connectionExists(nobody, options), false);
    assert.equal(await server().userExists(nobody, options), false);
    assert.equal(await server().groupExists(nobody, options), false);
    assert.deepEqual(codes, [
      [404, "Warning.Connection.NotExisted"],
      [404, "Warning.User.NotExisted"],
      [404, "Warning.Group.NotExisted"],
    ]);
  });

  test("adds a connection to a group and removes it", async (t) => {
    const group = server().group(unique("group"));
    const ada = await enter(t, place());
    assert.equal(await status((o) => group.addConnection(ada.id, o)), 200);
    await group.sendToAll("in", text);
    assert.equal((await ada.messages.next()).data, "in");
    assert.equal(await status((o) => group.removeConnection(ada.id, o)), 204);
    await group.sendToAll("out", text);
    await hearsNothing(place(), ada);
    assert.equal(await status((o) => group.removeConnection(unique("nobody"), o)), 204);
    assert.deepEqual(await failure(group.addConnection(unique("nobody"))), [404, "Error.Connection.NotExisted"]);
  });

  test("adds a user to a group and removes it", async (t) => {
    const [userId, group] = [unique("ada"), server().group(unique("group"))];
    const here = await enter(t, place(), { token: { userId } });
    const there = await enter(t, place(), { token: { userId } });
    assert.equal(await status((o) => group.addUser(userId, o)), 200);
    assert.equal((await listed(group)).length, 2);
    assert.equal(await status((o) => group.removeUser(userId, o)), 204);
    await group.sendToAll("out", text);
    await hearsNothing(place(), here);
    await hearsNothing(place(), there);
    assert.equal(await status((o) => group.addUser(unique("nobody"), o)), 404);
  });

  test("removes a user, and a connection, from all groups", async (t) => {
    const userId = unique("ada");
    const groups = [unique("one"), unique("two")];
    const ada = await enter(t, place(), { token: { userId, groups } });
    const bob = await enter(t, place(), { token: { userId: unique("bob"), groups } });
    assert.equal(await status((o) => server().removeUserFromAllGroups(userId, o)), 204);
    for (const group of groups) {
      assert.deepEqual((await listed(server().group(group))).map(({ connectionId }) => connectionId), [bob.id]);
    }
    assert.equal(await status((o) => server().removeConnectionFromAllGroups(bob.id, o)), 204);
    for (const group of groups) assert.equal(await server().groupExists(group), false);
    assert.ok(await server().connectionExists(ada.id));
  });

  test("grants permissions, knows them, and takes them back", async (t) => {
    const group = unique("group");
    const target = { targetName: group };
    const ada = await enter(t, place());
    for (const permission of ["joinLeaveGroup", "sendToGroup"]) {
      assert.equal(await server().hasPermission(ada.id, permission, target), false);
      assert.equal(await status((o) => server().grantPermission(ada.id, permission, o), target), 200);
      assert.equal(await server().hasPermission(ada.id, permission, target), true);
    }
    await ada.client.joinGroup(group);
    await ada.client.sendToGroup(group, "x", "text");
    assert.equal((await ada.messages.next()).data, "x");
    assert.equal(await status((o) => server().revokePermission(ada.id, "sendToGroup", o), target), 204);
    assert.equal(await server().hasPermission(ada.id, "sendToGroup", target), false);
    await assert.rejects(ada.client.sendToGroup(group, "x", "text"));
    assert.equal(await status((o) => server().revokePermission(unique("nobody"), "sendToGroup", o), target), 204);
    const nobody = server().grantPermission(unique("nobody"), "sendToGroup", target);
    assert.deepEqual(await failure(nobody), [404, "Info.Connection.NotExisted"]);
    assert.deepEqual(await failure(server().grantPermission(ada.id, "sendToGroup")), [400, "Error.BadRequest"]);
  });

  test("takes back what a pattern of the token granted, and leaves the group alone", async (t) => {
    const group = unique("team");
    const roles = ["webpubsub.sendToGroups.team*"];
    const ada = await enter(t, place(), { token: { roles, groups: [group] } });
    await ada.client.sendToGroup(group, "may", "text");
    assert.equal((await ada.messages.next()).data, "may");
    await server().revokePermission(ada.id, "sendToGroup", { targetName: group });
    await assert.rejects(ada.client.sendToGroup(group, "may not", "text"));
    await server().group(group).sendToAll("still in", text);
    assert.equal((await ada.messages.next()).data, "still in");
  });

  test("lists a group in pages", async (t) => {
    const group = unique("group");
    const people = [];
    for (let n = 0; n < 5; n += 1) {
      people.push(await enter(t, place(), { token: { userId: `user-${n}`, groups: [group] } }));
    }
    const expected = people.map(({ id, user }) => `${id} ${user}`).sort();
    const shown = (members) => members.map(({ connectionId, userId }) => `${connectionId} ${userId}`).sort();
    assert.deepEqual(shown(await listed(server().group(group))), expected);
    assert.deepEqual(shown(await listed(server().group(group), { maxPageSize: 2 })), expected);
    assert.equal((await listed(server().group(group), { top: 3, maxPageSize: 2 })).length, 3);
    assert.deepEqual(await listed(server().group(unique("nobody"))), []);
    const pages = (await server().group(group).listConnections({ maxPageSize: 2 })).byPage();
    const sizes = [];
    for await (const page of pages) sizes.push(page.length);
    assert.deepEqual(sizes, [2, 2, 1]);
  });

  test("closes one connection, a user's and a group's, and says why", async (t) => {
    const [userId, group] = [unique("ada"), unique("group")];
    const options = { autoReconnect: false };
    const one = await enter(t, place(), { options });
    const users = await enter(t, place(), { options, token: { userId } });
    const groups = await enter(t, place(), { options, token: { groups: [group] } });
    const left = await enter(t, place(), { options });
    const why = (reason) => ({ reason });
    assert.equal(await status((o) => server().closeConnection(one.id, o), why("one")), 204);
    assert.equal(await status((o) => server().closeUserConnections(userId, o), why("user")), 204);
    assert.equal(await status((o) => server().group(group).closeAllConnections(o), why("group")), 204);
    for (const [person, reason] of [[one, "one"], [users, "user"], [groups, "group"]]) {
      assert.equal((await person.disconnections.next("the goodbye")).message.message, reason);
      await person.stops.next("the stop");
    }
    assert.equal(await status((o) => server().closeConnection(unique("nobody"), o)), 204);
    await hearsNothing(place(), left);
  });

  test("refuses a key that is not the service's", async () => {
    const wrong = place().connectionString.replace(/AccessKey=[^;]+/, `AccessKey=${"0".repeat(44)}`);
    const stranger = new WebPubSubServiceClient(wrong, hub, { allowInsecureConnection: true });
    assert.equal(await status((o) => stranger.sendToAll("x", o), text), 401);
  });
});

everywhere("The REST interface to a whole hub", (place) => {
  const server = () => service(place());

  test("sends to all, but not to those who are excluded", async (t) => {
    const ada = await enter(t, place());
    const bob = await enter(t, place());
    const options = { ...text, excludedConnections: [bob.id] };
    assert.equal(await status((o) => server().sendToAll("to all", o), options), 202);
    const { kind, data } = await ada.messages.next();
    assert.deepEqual([kind, data], ["serverData", "to all"]);
    await hearsNothing(place(), bob);
  });

  test("closes all, and says why", async (t) => {
    const options = { autoReconnect: false };
    const ada = await enter(t, place(), { options, token: { roles: mayAll } });
    const bob = await enter(t, place(), { options });
    assert.equal(await status((o) => server().closeAllConnections(o), { reason: "closing time" }), 204);
    for (const person of [ada, bob]) {
      assert.equal((await person.disconnections.next("the goodbye")).message.message, "closing time");
    }
  });
}, { only: process.env.PUBSUB_CONNECTION_STRING && "it would speak to everybody in hubs of others" });

everywhere("Filters", (place) => {
  const server = () => service(place());

  test("choose who hears a message, and who enters and leaves groups", async (t) => {
    const group = unique("group");
    const name = unique("it's ada");
    const ada = await enter(t, place(), { token: { userId: name, groups: [group] } });
    const bob = await enter(t, place(), { token: { userId: unique("bob"), groups: [group] } });
    const filter = odata`userId eq ${name} and ${group} in groups`;
    assert.equal(await status((o) => server().sendToAll("to all", o), { ...text, filter }), 202);
    assert.equal(await status((o) => server().group(group).sendToAll("to the group", o), { ...text, filter }), 202);
    assert.equal(await status((o) => server().sendToUser(name, "to the user", o), { ...text, filter }), 202);
    assert.deepEqual((await ada.messages.take(3)).map(({ data }) => data), ["to all", "to the group", "to the user"]);
    const other = unique("group");
    assert.equal(await status((o) => server().addConnectionsToGroups([other], filter, o)), 200);
    await server().group(other).sendToAll("to the other group", text);
    assert.equal((await ada.messages.next()).data, "to the other group");
    assert.equal(await status((o) => server().removeConnectionsFromGroups([other], filter, o)), 200);
    assert.equal(await server().groupExists(other), false);
    await hearsNothing(place(), ada);
    await hearsNothing(place(), bob);
  });

  test("that make no sense are refused", async () => {
    for (const filter of ["userId eq", "userId", "age eq 1", "not length(userId) gt 5", "userId eq 'open"]) {
      const [code] = await failure(() => server().sendToAll("x", { ...text, filter }));
      assert.equal(code, 400, filter);
    }
  });
});
