// @azure/web-pubsub-client, with tokens of @azure/web-pubsub: what an application's user does.
import {
  SendMessageError,
  WebPubSubClient,
  WebPubSubJsonProtocol,
  WebPubSubJsonReliableProtocol,
} from "@azure/web-pubsub-client";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { enter, hearsNothing, mayAll, soon, unique } from "./people.js";
import { everywhere, hub, service } from "./places.js";

const protocols = [WebPubSubJsonReliableProtocol, WebPubSubJsonProtocol];

everywhere("A client", (place) => {
  test("connects with a token made from the connection string, and is told who it is", async (t) => {
    const ada = await enter(t, place(), { token: { userId: "ada" } });
    assert.equal(ada.user, "ada");
    assert.ok(await service(place()).connectionExists(ada.id));
  });

  test("may have no name", async (t) => {
    const somebody = await enter(t, place());
    assert.equal(somebody.user ?? null, null);
  });

  test("may spell the hub in capitals", async (t) => {
    const ada = await enter(t, place(), { hubName: hub.toUpperCase() });
    assert.ok(await service(place()).connectionExists(ada.id));
  });

  test("is refused with a token for another hub, and learns why", async () => {
    const { token } = await service(place(), "another").getClientAccessToken();
    const { baseUrl } = await service(place()).getClientAccessToken();
    const client = new WebPubSubClient(`${baseUrl}?access_token=${token}`);
    await assert.rejects(soon(client.start(), "the refusal"), /401/);
  });

  test("hears groups of its token without a role", async (t) => {
    const group = unique("group");
    const ada = await enter(t, place(), { token: { groups: [group] } });
    await service(place()).group(group).sendToAll("hello", { contentType: "text/plain" });
    const { group: heardIn, data } = await ada.messages.next();
    assert.deepEqual([heardIn, data], [group, "hello"]);
  });

  test("is told that it stopped", async (t) => {
    const ada = await enter(t, place());
    ada.client.stop();
    assert.equal((await ada.disconnections.next("the end")).connectionId, ada.id);
    await ada.stops.next("the stop");
  });

  for (const protocol of protocols) {
    describe(`with ${protocol().name}`, () => {
      const options = () => ({ protocol: protocol() });

      test("joins, sends, hears itself and others, and leaves", async (t) => {
        const group = unique("group");
        const ada = await enter(t, place(), { token: { userId: "ada", roles: mayAll }, options: options() });
        const bob = await enter(t, place(), { token: { userId: "bob", roles: mayAll }, options: options() });
        for (const { client } of [ada, bob]) assert.equal((await client.joinGroup(group)).isDuplicated, false);
        await ada.client.sendToGroup(group, "hello", "text");
        for (const person of [ada, bob]) {
          const { kind, fromUserId, data, dataType } = await person.messages.next();
          assert.deepEqual([kind, fromUserId, data, dataType], ["groupData", "ada", "hello", "text"]);
        }
        await bob.client.leaveGroup(group);
        await ada.client.sendToGroup(group, "bob is gone", "text");
        assert.equal((await ada.messages.next()).data, "bob is gone");
        await hearsNothing(place(), bob);
      });

      test("does not hear itself when it says so, but its other connection does", async (t) => {
        const group = unique("group");
        const token = { userId: "ada", roles: mayAll, groups: [group] };
        const here = await enter(t, place(), { token, options: options() });
        const there = await enter(t, place(), { token, options: options() });
        await here.client.sendToGroup(group, { n: 1 }, "json", { noEcho: true });
        assert.deepEqual((await there.messages.next()).data, { n: 1 });
        await hearsNothing(place(), here);
      });

      test("sends to a group that it is not in", async (t) => {
        const group = unique("group");
        const ada = await enter(t, place(), { token: { roles: mayAll }, options: options() });
        const bob = await enter(t, place(), { token: { groups: [group] }, options: options() });
        await ada.client.sendToGroup(group, "hello", "text");
        assert.equal((await bob.messages.next()).data, "hello");
        await hearsNothing(place(), ada);
      });

      test("sends without waiting for an answer, and gets none", async (t) => {
        const group = unique("group");
        const ada = await enter(t, place(), { token: { roles: mayAll, groups: [group] }, options: options() });
        const sent = await ada.client.sendToGroup(group, "quick", "text", { fireAndForget: true });
        assert.deepEqual(sent, { isDuplicated: false });
        assert.equal((await ada.messages.next()).data, "quick");
      });

      test("gets back what it sent: text, JSON, bytes and protobuf", async (t) => {
        const group = unique("group");
        const ada = await enter(t, place(), { token: { roles: mayAll, groups: [group] }, options: options() });
        const bytes = Uint8Array.from({ length: 256 }, (_, at) => at).buffer;
        const text = "“ünïcödé” \u0000 \u{1f9d1}\u200d\u{1f680}\n";
        const said = [
          [text, "text"],
          [{ "b": [1, null, "x"], "a": { "": true } }, "json"],
          ["a JSON string", "json"],
          [12.5, "json"],
          [bytes, "binary"],
          [bytes, "protobuf"],
        ];
        for (const [data, dataType] of said) {
          await ada.client.sendToGroup(group, data, dataType);
          const heard = await ada.messages.next();
          assert.equal(heard.dataType, dataType);
          const plain = (value) => (value instanceof ArrayBuffer ? [...new Uint8Array(value)] : value);
          assert.deepEqual(plain(heard.data), plain(data));
        }
      });

      test("hears the server: text, JSON and bytes", async (t) => {
        const ada = await enter(t, place(), { options: options() });
        const server = service(place());
        await server.sendToConnection(ada.id, "text", { contentType: "text/plain" });
        await server.sendToConnection(ada.id, { of: "JSON" });
        await server.sendToConnection(ada.id, Uint8Array.of(0, 255).buffer);
        const heard = await ada.messages.take(3);
        assert.deepEqual(heard.map(({ kind, dataType }) => [kind, dataType]), [
          ["serverData", "text"],
          ["serverData", "json"],
          ["serverData", "binary"],
        ]);
        assert.equal(heard[0].data, "text");
        assert.deepEqual(heard[1].data, { of: "JSON" });
        assert.deepEqual([...new Uint8Array(heard[2].data)], [0, 255]);
      });

      test("is told what it may not do, and stays", async (t) => {
        const group = unique("group");
        const ada = await enter(t, place(), { token: { userId: "ada" }, options: options() });
        const forbidden = (error) => error instanceof SendMessageError && error.errorDetail.name === "Forbidden";
        await assert.rejects(ada.client.joinGroup(group), forbidden);
        await assert.rejects(ada.client.leaveGroup(group), forbidden);
        await assert.rejects(ada.client.sendToGroup(group, "x", "text"), forbidden);
        await hearsNothing(place(), ada);
      });

      test("may do in each group what the roles of its token say", async (t) => {
        const roles = ["webpubsub.joinLeaveGroup.room.1", "webpubsub.sendToGroups.team.*"];
        const ada = await enter(t, place(), { token: { roles }, options: options() });
        await ada.client.joinGroup("room.1");
        await ada.client.sendToGroup("team.red", "x", "text");
        await assert.rejects(ada.client.joinGroup("room.10"), SendMessageError);
        await assert.rejects(ada.client.sendToGroup("room.1", "x", "text"), SendMessageError);
        await assert.rejects(ada.client.sendToGroup("team.red.1", "x", "text"), SendMessageError);
      });

      test("is told that a request was a repetition, which is not executed again", async (t) => {
        const group = unique("group");
        const ada = await enter(t, place(), { token: { roles: mayAll, groups: [group] }, options: options() });
        const once = await ada.client.sendToGroup(group, "once", "text", { ackId: 77 });
        assert.deepEqual(once, { ackId: 77, isDuplicated: false });
        const twice = await ada.client.sendToGroup(group, "once", "text", { ackId: 77 });
        assert.deepEqual(twice, { ackId: 77, isDuplicated: true });
        assert.equal((await ada.messages.next()).data, "once");
        await hearsNothing(place(), ada);
      });

      test("is told that nobody takes its event", async (t) => {
        const ada = await enter(t, place(), { options: options() });
        const failed = (error) => error.errorDetail?.name === "InternalServerError";
        await assert.rejects(ada.client.sendEvent("nobody", "x", "text"), failed);
        await ada.client.sendEvent("nobody", "x", "text", { fireAndForget: true });
        await hearsNothing(place(), ada);
      });

      test("hears 1,000 messages in the order in which they were sent", async (t) => {
        const group = unique("group");
        const ada = await enter(t, place(), { token: { roles: mayAll }, options: options() });
        const bob = await enter(t, place(), { token: { groups: [group] }, options: options() });
        for (let n = 0; n < 1000; n += 1) await ada.client.sendToGroup(group, n, "json");
        const heard = await bob.messages.take(1000);
        assert.deepEqual(heard.map(({ data }) => data), Array.from(heard.keys()));
      });
    });
  }
});

everywhere("Two hubs", (place) => {
  test("know nothing of each other", async (t) => {
    const group = unique("group");
    const ada = await enter(t, place(), { hubName: "one", token: { groups: [group] } });
    const bob = await enter(t, place(), { hubName: "two", token: { groups: [group] } });
    await service(place(), "one").group(group).sendToAll("one", { contentType: "text/plain" });
    await service(place(), "two").sendToAll("two", { contentType: "text/plain" });
    assert.equal((await ada.messages.next()).data, "one");
    assert.equal((await bob.messages.next()).data, "two");
    assert.equal(await service(place(), "two").connectionExists(ada.id), false);
  });
}, { only: process.env.PUBSUB_CONNECTION_STRING && "it would speak to everybody in hubs of others" });
