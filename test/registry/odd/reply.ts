import type { ServerResponse } from 'node:http';

/** Response of an odd server, which may echo the request in the text of an error. */
export class Reply {
  readonly #response: ServerResponse;
  readonly #echo: string;

  constructor(response: ServerResponse, echo: string) {
    this.#response = response;
    this.#echo = echo;
  }

  send(status: number, body: string | Buffer, headers: Record<string, string> = {}): void {
    this.#response.writeHead(status, headers);
    const echoed = JSON.stringify({ errors: [{ message: this.#echo }] });
    this.#response.end(status >= 400 && this.#echo !== '' ? echoed : body);
  }

  unauthorized(challenges: readonly string[]): void {
    this.#response.setHeader('www-authenticate', challenges);
    this.send(401, '{}');
  }

  redirect(status: number, location: string): void {
    this.send(status, '', { location });
  }

  /** Ends the connection before the response, or after `part` of it, which begins at byte `start`. */
  cut(part?: Buffer, start = 0): void {
    if (part === undefined) {
      this.#response.destroy();
      return;
    }
    this.#response.writeHead(start === 0 ? 200 : 206, { 'content-length': part.length + 1 });
    this.#response.write(part, () => this.#response.destroy());
  }
}
