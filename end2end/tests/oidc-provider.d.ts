/** The little that the stories use of the provider, which brings no types. */

declare module "oidc-provider" {
  import type { RequestListener } from "node:http";

  export default class Provider {
    constructor(issuer: string, configuration: Record<string, unknown>);
    use(middleware: (context: { body: unknown }, next: () => Promise<void>) => Promise<void>): void;
    callback(): RequestListener;
  }
}
