import type { IncomingMessage } from 'node:http';

export interface HttpRequest {
  readonly method?: 'GET' | 'HEAD' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  /** Body of the request; a request with a body follows no redirects. */
  readonly body?: string;
  /** True if a redirect to another origin is an error. */
  readonly staysAtOrigin?: boolean;
  /** True if the caller verifies the body by a digest, which permits a redirect from https to http. */
  readonly isVerified?: boolean;
  /** Relation of this host to the user's registry, if it is another host, for messages. */
  readonly relation?: string | undefined;
}

export interface HttpAnswer {
  readonly message: IncomingMessage;
  /** URL of the answer, whose origin differs from the requested one after a redirect. */
  readonly url: URL;
}
