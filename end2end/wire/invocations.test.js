// @azure/web-pubsub-client asks, @azure/web-pubsub-express answers. A real resource would have to be able to call this
// machine, so these tests run on the hub only.
import { InvocationError, WebPubSubJsonProtocol, WebPubSubJsonReliableProtocol } from "@azure/web-pubsub-client";
import assert from "node:assert/strict";
import { test } from "node:test";
import { application } from "./application.js";
import { enter, hearsNothing, Inbox, soon } from "./people.js";
import { skip } from "./places.js";

if (process.env.PUBSUB_CONNECTION_STRING) skip("Invocations, on Azure", "a resource cannot call this machine");

for (const protocol of [WebPubSubJsonReliableProtocol, WebPubSubJsonProtocol]) {
  const options = () => ({ protocol: protocol() });

  test(`An invocation is answered with text, JSON and bytes, with ${protocol().name}`, async (t) => {
    const { place } = await application(t, {
      handleUserEvent({ data, dataType }, response) {
        if (dataType === "json") response.success(JSON.stringify({ got: data }), "json");
        else if (dataType === "text") response.success(`${data}!`, "text");
        else response.success(Buffer.concat([data, Buffer.of(9)]), "binary");
      },
    });
    const ada = await enter(t, place, { options: options() });
    const text = await soon(ada.client.invokeEvent("echo", "hello", "text"), "the answer");
    assert.deepEqual([text.dataType, text.data], ["text", "hello!"]);
    const json = await soon(ada.client.invokeEvent("echo", [1], "json"), "the answer");
    assert.deepEqual([json.dataType, json.data], ["json", { got: [1] }]);
    const bytes = await soon(ada.client.invokeEvent("echo", Uint8Array.of(0, 255).buffer, "binary"), "the answer");
    assert.deepEqual([...new Uint8Array(bytes.data)], [0, 255, 9]);
    await hearsNothing(place, ada);
  });

  test(`An invocation that is refused is an error with a name and the application's words, with ${protocol().name}`, async (t) => {
    const { place } = await application(t, { handleUserEvent: (_, response) => response.fail(400, "unknown symbol") });
    const ada = await enter(t, place, { options: options() });
    await assert.rejects(soon(ada.client.invokeEvent("quote", "X", "text"), "the refusal"), (error) => {
      assert.ok(error instanceof InvocationError);
      assert.deepEqual([error.errorDetail.name, error.errorDetail.message], ["BadRequest", "unknown symbol"]);
      return true;
    });
    await hearsNothing(place, ada);
  });
}

test("An invocation that was called off is not answered, and the next one is", async (t) => {
  const asked = new Inbox();
  const { place } = await application(t, {
    handleUserEvent({ data }, response) {
      asked.put({ data, answer: () => response.success(`${data}!`, "text") });
    },
  });
  const ada = await enter(t, place);
  const calling = new AbortController();
  const called = ada.client.invokeEvent("ask", "first", "text", { abortSignal: calling.signal });
  const first = await asked.next("the question");
  calling.abort();
  await assert.rejects(soon(called, "the end"));
  const next = ada.client.invokeEvent("ask", "second", "text");
  first.answer();
  const second = await asked.next("the next question");
  second.answer();
  assert.equal((await soon(next, "the answer")).data, "second!");
  await hearsNothing(place, ada);
});
