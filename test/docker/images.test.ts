import { describe, expect, test } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseDockerUrl } from '../../src/docker/endpoint.ts';
import { inspectImage } from '../../src/docker/images.ts';
import { HpcGatError, InterruptedError, MissingToolError, UsageError } from '../../src/support/errors.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { answerJson, fakeDaemon, imageId, inspectAnswer } from './fake-daemon.ts';

const never = new AbortController().signal;

test('describes an image', async () => {
  await using daemon = await fakeDaemon((_path, response) => {
    answerJson(response, 200, inspectAnswer());
  });
  const image = await inspectImage(parseDockerUrl(daemon.url), 'localhost:5000/lab/image:1', never);
  expect(image).toMatchObject({ Id: imageId, Config: { Cmd: ['true'], Entrypoint: [], Labels: {} } });
  expect(daemon.asked).toEqual(['/images/localhost%3A5000/lab/image%3A1/json']);
});

test.each<[string, number, object, string]>([
  ['has it', 200, { Id: `sha256:${'2'.repeat(64)}`, Architecture: 'arm64' }, 'arm64'],
  ['does not hear of platforms', 200, {}, 'amd64'],
  ['has none for it', 404, { Id: undefined }, 'amd64'],
])(
  'queries an image for another platform once more, from a daemon that %s',
  async (_what, status, changes, found) => {
    await using daemon = await fakeDaemon((asked, response) => {
      answerJson(
        response,
        ...(asked.includes('?')
          ? ([status, inspectAnswer(changes)] as const)
          : ([200, inspectAnswer()] as const)),
      );
    });
    const endpoint = parseDockerUrl(daemon.url);
    const image = await inspectImage(endpoint, 'x:1', never, { os: 'linux', architecture: 'arm64' });
    expect(image).toMatchObject({ Id: imageId, Architecture: found });
    const query = `?platform=${encodeURIComponent('{"os":"linux","architecture":"arm64"}')}`;
    expect(daemon.asked).toEqual(['/images/x%3A1/json', `/images/x%3A1/json${query}`]);
    expect(image.platform).toEqual(found === 'arm64' ? { os: 'linux', architecture: 'arm64' } : undefined);
  },
);

describe('an absent image', () => {
  test.each([
    ['lab/imagee:1', ['lab/image:1', 'other:2'], 'did you mean docker-daemon:lab/image:1?'],
    ['lab/image:3.1-long-tag', ['lab/image:1'], 'did you mean docker-daemon:lab/image:1?'],
    ['zzz:1', ['lab/image:1', 'other:2'], 'it has: lab/image:1, other:2'],
    ['zzz:1', [], 'it has no images: build, pull or load one, or set DOCKER_HOST to another daemon'],
  ])('is reported as %s among %j', async (name, tags, fix) => {
    await using daemon = await fakeDaemon((asked, response) => {
      if (asked === '/images/json') {
        answerJson(response, 200, [{ RepoTags: tags }, { RepoTags: null }, { RepoTags: ['<none>:<none>'] }]);
      } else {
        answerJson(response, 404, { message: 'No such image' });
      }
    });
    const asking = inspectImage(parseDockerUrl(daemon.url), name, never);
    await expect(asking).rejects.toThrow(UsageError);
    await expect(asking).rejects.toMatchObject({ fix });
  });
});

describe('an unreachable daemon', () => {
  test('is reported as absent', async () => {
    const socket = path.join(temporaryDirectory(), 'docker.sock');
    await expect(inspectImage(parseDockerUrl(`unix://${socket}`), 'x:1', never)).rejects.toThrow(
      MissingToolError,
    );
    await writeFile(socket, 'no socket');
    await expect(inspectImage(parseDockerUrl(`unix://${socket}`), 'x:1', never)).rejects.toThrow(
      MissingToolError,
    );
  });

  test.each([
    ['fails', 500, { message: 'layer does not exist' }, /status 500: layer does not exist/],
    ['answers in a form of its own', 200, { Id: 'me' }, /unknown form/],
    ['answers with text', 200, 'hello', /unknown form/],
  ])('is reported when it %s', async (_what, status, body, message) => {
    await using daemon = await fakeDaemon((_path, response) => {
      answerJson(response, status, body);
    });
    const asking = inspectImage(parseDockerUrl(daemon.url), 'x:1', never);
    await expect(asking).rejects.toThrow(HpcGatError);
    await expect(asking).rejects.toThrow(message);
  });

  test('is reported when it closes the connection in the middle of an answer', async () => {
    await using daemon = await fakeDaemon((_path, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{');
      setTimeout(() => response.destroy(), 20);
    });
    await expect(inspectImage(parseDockerUrl(daemon.url), 'x:1', never)).rejects.toThrow(
      /closed the connection: aborted/,
    );
  });

  test('can be interrupted with Ctrl-C when it hangs', async () => {
    await using daemon = await fakeDaemon(() => undefined);
    const interruption = new AbortController();
    setTimeout(() => {
      interruption.abort(new InterruptedError('SIGINT'));
    }, 50);
    await expect(inspectImage(parseDockerUrl(daemon.url), 'x:1', interruption.signal)).rejects.toThrow(
      InterruptedError,
    );
  });
});
