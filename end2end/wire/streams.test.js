// @azure/web-pubsub-client: streams to a group, from one client's writer to another's reader.
import { WebPubSubJsonProtocol, WebPubSubJsonReliableProtocol } from "@azure/web-pubsub-client";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { enter, Inbox, mayAll, soon, unique } from "./people.js";
import { everywhere, service } from "./places.js";
import { wireTo } from "./proxy.js";

/** Hears one stream to its end: its fragments' data, and the error that ended it. */
function streamsOf(person, groups) {
  const ended = new Inbox();
  person.client.onGroupStream(
    async (stream) => {
      const heard = [];
      try {
        for await (const { data, fromUserId, stream: part } of stream) heard.push([part.streamSequenceId, data, fromUserId]);
        ended.put({ streamId: stream.streamId, heard });
      } catch (error) {
        ended.put({ streamId: stream.streamId, heard, error });
      }
    },
    { groups },
  );
  return ended;
}

for (const protocol of [WebPubSubJsonReliableProtocol, WebPubSubJsonProtocol]) {
  everywhere(`A stream with ${protocol().name}`, (place) => {
    const options = () => ({ protocol: protocol() });

    test("arrives fragment by fragment, numbered, and ends", async (t) => {
      const group = unique("group");
      const ada = await enter(t, place(), { token: { userId: "ada", roles: mayAll }, options: options() });
      const bob = await enter(t, place(), { token: { groups: [group] }, options: options() });
      const streams = streamsOf(bob, [group]);
      const writer = await soon(ada.client.openGroupStream(group), "the stream to open");
      for (const word of ["Hel", "lo"]) await writer.write(word, "text");
      await writer.write({ n: 1 }, "json");
      await soon(writer.end(), "the stream to end");
      const { streamId, heard, error } = await streams.next("the stream");
      assert.equal(streamId, writer.streamId);
      assert.deepEqual(heard.slice(0, 3), [[1, "Hel", "ada"], [2, "lo", "ada"], [3, { n: 1 }, "ada"]]);
      assert.equal(error, undefined);
    });

    test("that fails says so to its readers in the writer's words", async (t) => {
      const group = unique("group");
      const ada = await enter(t, place(), { token: { roles: mayAll }, options: options() });
      const bob = await enter(t, place(), { token: { groups: [group] }, options: options() });
      const streams = streamsOf(bob, [group]);
      const writer = await soon(ada.client.openGroupStream(group), "the stream to open");
      await writer.write("so far", "text");
      await soon(writer.abort({ message: "model failed", userErrorCode: "E42" }), "the stream to end");
      const { heard, error } = await streams.next("the stream");
      assert.equal(heard[0][1], "so far");
      assert.match(`${error?.name} ${error?.message}`, /UserError|model failed/);
    });

    test("is not opened without the role", async (t) => {
      const ada = await enter(t, place(), { options: options() });
      await assert.rejects(soon(ada.client.openGroupStream(unique("group")), "the refusal"));
    });

    test("of a thousand fragments loses none", async (t) => {
      const group = unique("group");
      const ada = await enter(t, place(), { token: { roles: mayAll }, options: options() });
      const bob = await enter(t, place(), { token: { groups: [group] }, options: options() });
      const streams = streamsOf(bob, [group]);
      const writer = await soon(ada.client.openGroupStream(group), "the stream to open");
      for (let n = 0; n < 900; n += 1) await writer.write(n, "json");
      await soon(writer.end(), "the stream to end");
      const { heard } = await streams.next("the stream");
      assert.deepEqual(heard.slice(0, 900).map(([number, data]) => [number, data]),
        Array.from({ length: 900 }, (_, at) => [at + 1, at]));
    });
  });
}

describe("A stream whose writer loses its socket", () => {
  everywhere("with recovery", (place) => {
    test("goes on where it was", async (t) => {
      const through = await wireTo(place());
      t.after(() => through.close());
      const group = unique("group");
      const ada = await enter(t, place(), { through, token: { roles: mayAll } });
      const bob = await enter(t, place(), { token: { groups: [group] } });
      const streams = streamsOf(bob, [group]);
      const writer = await soon(ada.client.openGroupStream(group), "the stream to open");
      for (let n = 0; n < 60; n += 1) {
        if (n % 20 === 10) through.cut();
        await writer.write(n, "json");
      }
      await soon(writer.end(), "the stream to end");
      const { heard, error } = await streams.next("the stream");
      assert.equal(error, undefined);
      assert.deepEqual(heard.slice(0, 60).map(([, data]) => data), Array.from({ length: 60 }, (_, at) => at));
      assert.ok(await service(place()).connectionExists(ada.id));
    });
  }, { only: process.env.PUBSUB_CONNECTION_STRING && "it needs a wire that can be cut" });
});
