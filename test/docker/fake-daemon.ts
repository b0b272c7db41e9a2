import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import path from 'node:path';
import { temporaryDirectory } from '../support/temporary-directory.ts';

export interface FakeDaemon extends AsyncDisposable {
  /** Value for DOCKER_HOST. */
  readonly url: string;
  /** Requested paths, in order. */
  readonly asked: string[];
}

/** Starts an HTTP server on a unix socket in place of a Docker daemon, for faults that a real one does not have. */
export async function fakeDaemon(
  answer: (path: string, response: ServerResponse) => void,
): Promise<FakeDaemon> {
  const asked: string[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    asked.push(request.url ?? '');
    answer(request.url ?? '', response);
  });
  const socket = path.join(temporaryDirectory(), 'docker.sock');
  await new Promise<void>((listening) => server.listen(socket, listening));
  return {
    url: `unix://${socket}`,
    asked,
    [Symbol.asyncDispose]: () =>
      new Promise((closed) => {
        server.close(() => {
          closed();
        });
        server.closeAllConnections();
      }),
  };
}

export function answerJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

export const imageId = `sha256:${'1'.repeat(64)}`;

/** Returns the response of Docker 20.10 to `GET /images/NAME/json` for an imported image. */
export function inspectAnswer(changes: object = {}): object {
  return {
    Id: imageId,
    RepoTags: ['lab/image:1'],
    Architecture: 'amd64',
    Os: 'linux',
    Size: 5,
    Config: { Env: ['A=1'], Cmd: ['true'], Entrypoint: null, Labels: null },
    ...changes,
  };
}
