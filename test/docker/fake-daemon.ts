import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import path from 'node:path';
import { temporaryDirectory } from '../support/temporary-directory.ts';

export interface FakeDaemon extends AsyncDisposable {
  /** What DOCKER_HOST would be. */
  readonly url: string;
  /** The paths that were asked for. */
  readonly asked: string[];
}

/** An HTTP server on a unix socket that answers in place of a Docker daemon: for faults that a real one does not have. */
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

/** `GET /images/NAME/json`, as Docker 20.10 answers for an imported image. */
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
