/**
 * People without a browser, who come through the same doors: a form, a ticket, a socket. They fill chats quickly
 * and keep others company. Knows frames and events, and no page.
 */

import { randomUUID } from "node:crypto";
import WebSocket from "ws";

const PROTOCOL = "json.webpubsub.azure.v1";

/** Milliseconds to wait for an answer. */
const PATIENCE = 30_000;

type Json = Record<string, any>;

/** Somebody who is signed in and connected. */
export class Visitor {
  readonly name: string;
  /** The public chat where everybody lands. */
  readonly lobby: string;
  readonly id: string;
  /** Every fact that was heard, oldest first. */
  readonly heard: Json[] = [];
  readonly #origin: string;
  readonly #cookie: string;
  #socket!: WebSocket;
  readonly #waiting = new Map<string, (outcome: Json) => void>();
  readonly #acknowledged = new Map<number, (ack: Json) => void>();
  readonly #came: string[] = [];
  #acks = 0;

  private constructor(origin: string, cookie: string, snapshot: Json) {
    this.#origin = origin;
    this.#cookie = cookie;
    this.name = snapshot.me.name;
    this.id = snapshot.me.id;
    this.lobby = snapshot.defaultChat;
  }

  static async enter(origin: string, name: string): Promise<Visitor> {
    const answer = await fetch(`${origin}/.auth/login/guest`, {
      method: "POST",
      headers: { origin },
      body: new URLSearchParams({ name }),
      redirect: "manual",
    });
    const cookie = answer.headers.getSetCookie().map((one) => one.split(";")[0]).join("; ");
    if (!cookie) throw new Error(`${name} was not let in: ${answer.headers.get("location")}`);
    const visitor = new Visitor(origin, cookie, await call(origin, cookie, "snapshot", { open: null }));
    await visitor.#connect();
    return visitor;
  }

  /** What a browser needs to be this person's. */
  get pass(): { name: string; value: string; url: string } {
    const [name = "", ...value] = this.#cookie.split("=");
    return { name, value: value.join("="), url: this.#origin };
  }

  /** Posts, and waits until the server has it. */
  async post(chat: string, body: string): Promise<void> {
    const draft = randomUUID().replaceAll("-", "");
    await this.ask("postMessage", { chat, draft, body });
  }

  async create(name: string, { access = "public", record = "kept" } = {}): Promise<string> {
    const draft = randomUUID().replaceAll("-", "");
    const done = await this.ask("createChat", { draft, name, access, record });
    return done.facts.find((fact: Json) => fact.chatEvent === "chatCreated").data.chat.id;
  }

  async pairWith(user: string): Promise<string> {
    const done = await this.ask("createPrivateChat", { with: user });
    return done.facts.find((fact: Json) => fact.chatEvent === "joinPrivateChat").data.chat.id;
  }

  /** Says something to the members directly, past the server. */
  talk(chat: string, data: Json): void {
    this.#send({ type: "sendToGroup", group: `${chat}.talk`, dataType: "json", data, noEcho: true });
  }

  typing(chat: string, active = true): void {
    this.talk(chat, { talk: "typing", active });
  }

  /** Says something where this person has no business, and waits until that was refused. */
  async forbidden(chat: string, data: Json): Promise<void> {
    const ackId = ++this.#acks;
    const refused = new Promise<Json>((found) => this.#acknowledged.set(ackId, found));
    this.#send({ type: "sendToGroup", group: `${chat}.talk`, dataType: "json", data, ackId });
    const ack = await refused;
    if (ack.success || ack.error?.name !== "Forbidden") throw new Error(`not refused: ${JSON.stringify(ack)}`);
  }

  /** Whether these words stand in anything that came over the socket. */
  saw(words: string): boolean {
    return this.#came.some((text) => text.includes(words));
  }

  /** Sends an event and gives what became of it; a refusal is an error. */
  async ask(event: string, data: Json): Promise<Json> {
    const key = data.draft ?? "";
    const outcome = await new Promise<Json>((answered, failed) => {
      const late = setTimeout(() => failed(new Error(`no answer to ${event}`)), PATIENCE);
      this.#waiting.set(key, (outcome) => {
        clearTimeout(late);
        answered(outcome);
      });
      this.#send({ type: "event", event, dataType: "json", data, ackId: ++this.#acks });
    });
    if (outcome.is !== "done") throw new Error(`${event} was refused: ${JSON.stringify(outcome.why)}`);
    return outcome;
  }

  /** Calls a server function. */
  call(name: string, data: Json): Promise<Json> {
    return call(this.#origin, this.#cookie, name, data);
  }

  /** Everything that a chat keeps, oldest first. */
  async read(chat: string): Promise<Json[]> {
    let page = await this.call("messages", { chat, window: { is: "latest" } });
    const messages: Json[] = page.messages;
    while (page.before) {
      page = await this.call("messages", { chat, window: { is: "before", seq: messages[0]!.seq } });
      messages.unshift(...page.messages);
    }
    return messages;
  }

  leave(): void {
    this.#socket.terminate();
  }

  async #connect(): Promise<void> {
    const ticket = await this.call("getToken", {});
    this.#socket = new WebSocket(ticket.url, PROTOCOL, { origin: this.#origin });
    await new Promise<void>((ready, failed) => {
      this.#socket.on("error", failed);
      this.#socket.on("message", (text) => {
        this.#came.push(String(text));
        const frame: Json = JSON.parse(String(text));
        if (frame.event === "connected") ready();
        else if (frame.type === "ack") this.#acknowledged.get(frame.ackId)?.(frame);
        else if (frame.data?.answer) this.#settle(frame.data.answer);
        else if (frame.data?.chatEvent) this.heard.push(frame.data);
      });
    });
  }

  #settle({ draft, outcome }: Json): void {
    // What the server could not read has no draft; then it is the oldest request.
    const key = this.#waiting.has(draft) ? draft : [...this.#waiting.keys()][0];
    const waiting = this.#waiting.get(key);
    this.#waiting.delete(key);
    waiting?.(outcome);
  }

  #send(frame: Json): void {
    this.#socket.send(JSON.stringify(frame));
  }
}

async function call(origin: string, cookie: string, name: string, data: Json): Promise<Json> {
  const answer = await fetch(`${origin}/api/${name}`, {
    method: "POST",
    headers: { origin, cookie, "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify(data),
  });
  if (!answer.ok) throw new Error(`${name}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Json;
}
