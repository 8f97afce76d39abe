/**
 * Who vouches for people in the stories: a certified OpenID provider, and a look-alike of GitHub. Both are on this
 * machine, ask for no password worth the name, and know nothing of chats.
 */

import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { type RequestListener, type Server as Listener, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import Provider from "oidc-provider";
import type { Settings } from "./support.server.ts";

const client = "chatr";
const secret = "between the two of us, and long enough";

/** A provider that listens. */
export abstract class Voucher {
  readonly #listener: Listener = createServer();

  /** What makes Chatr ask it. */
  abstract readonly settings: Settings;

  get origin(): string {
    return `http://127.0.0.1:${(this.#listener.address() as AddressInfo).port}`;
  }

  async listen(answer: (origin: string) => RequestListener): Promise<void> {
    this.#listener.listen(0, "127.0.0.1");
    await once(this.#listener, "listening");
    this.#listener.on("request", answer(this.origin));
  }

  async stop(): Promise<void> {
    if (!this.#listener.listening) return;
    const gone = once(this.#listener, "close");
    this.#listener.close();
    this.#listener.closeAllConnections();
    await gone;
  }
}

/** The package `oidc-provider`, with the sign-in pages that it has for development: any name, any password. */
export class Club extends Voucher {
  static async open(): Promise<Club> {
    const club = new Club();
    await club.listen((origin) => {
      const provider = new Provider(origin, {
        clients: [
          {
            client_id: client,
            client_secret: secret,
            // On loopback, such a client may be at any port.
            application_type: "native",
            redirect_uris: ["http://127.0.0.1/.auth/login/oidc/callback"],
          },
        ],
        claims: { openid: ["sub"], profile: ["name"] },
        cookies: { keys: [randomUUID()] },
        findAccount: (_: unknown, id: string) => ({ accountId: id, claims: () => ({ sub: id, name: id }) }),
      });
      // Its pages ask Google for letters.
      provider.use(async (context, next) => {
        await next();
        if (typeof context.body === "string") context.body = context.body.replace(/@import [^;]*;/, "");
      });
      return provider.callback();
    });
    return club;
  }

  get settings(): Settings {
    return {
      CHATR_OIDC_ISSUER: this.origin,
      CHATR_OIDC_CLIENT_ID: client,
      CHATR_OIDC_CLIENT_SECRET: secret,
      CHATR_OIDC_NAME: "the club",
    };
  }
}

/** Speaks as GitHub does to an OAuth app; an account is as good as its login. */
export class GitHub extends Voucher {
  readonly #accounts: string[] = [];
  readonly #codes = new Map<string, string>();
  readonly #tokens = new Map<string, string>();

  static async open(): Promise<GitHub> {
    const github = new GitHub();
    await github.listen(() => (request, response) => {
      const url = new URL(request.url ?? "/", github.origin);
      const json = (value: object) => {
        response.setHeader("content-type", "application/json").end(JSON.stringify(value));
      };
      const body = async () => new URLSearchParams((await request.toArray()).join(""));
      switch (url.pathname) {
        case "/login/oauth/authorize":
          response.setHeader("content-type", "text/html").end(page(url.searchParams));
          break;
        case "/decide": {
          const back = new URL(url.searchParams.get("redirect_uri") ?? "");
          back.searchParams.set("state", url.searchParams.get("state") ?? "");
          if (url.searchParams.get("answer") === "Authorize") {
            back.searchParams.set("code", keep(github.#codes, url.searchParams.get("login") ?? ""));
          } else {
            back.searchParams.set("error", "access_denied");
          }
          response.writeHead(302, { location: back.href }).end();
          break;
        }
        case "/login/oauth/access_token":
          void body().then((form) => {
            const login = form.get("client_secret") === secret && take(github.#codes, form.get("code"));
            json(login ? { access_token: keep(github.#tokens, login) } : { error: "bad_verification_code" });
          });
          break;
        case "/user": {
          const login = take(github.#tokens, request.headers.authorization?.replace("Bearer ", "") ?? null);
          if (!login) return void response.writeHead(401).end("{}");
          if (!github.#accounts.includes(login)) github.#accounts.push(login);
          json({ id: github.#accounts.indexOf(login) + 1, login, name: null });
          break;
        }
        default:
          response.writeHead(404).end();
      }
    });
    return github;
  }

  get settings(): Settings {
    return {
      CHATR_GITHUB_CLIENT_ID: client,
      CHATR_GITHUB_CLIENT_SECRET: secret,
      CHATR_GITHUB_URL: this.origin,
      CHATR_GITHUB_API_URL: this.origin,
    };
  }
}

function keep(where: Map<string, string>, login: string): string {
  const ticket = randomUUID();
  where.set(ticket, login);
  return ticket;
}

/** Good for once. */
function take(where: Map<string, string>, ticket: string | null): string | undefined {
  const login = where.get(ticket ?? "");
  where.delete(ticket ?? "");
  return login;
}

function page(asked: URLSearchParams): string {
  const hidden = ["redirect_uri", "state"].map(
    (name) => `<input type="hidden" name="${name}" value="${encodeURI(asked.get(name) ?? "")}">`,
  );
  return `<!doctype html><html lang="en"><title>Look-alike</title><link rel="icon" href="data:,">
    <form action="/decide">${hidden.join("")}<label>Login <input name="login"></label>
    <button name="answer" value="Authorize">Authorize</button><button name="answer">Cancel</button></form></html>`;
}
