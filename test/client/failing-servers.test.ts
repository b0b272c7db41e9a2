import { status } from '@grpc/grpc-js';
import { expect, test } from '@jest/globals';
import { InterruptedError } from '../../src/support/errors.ts';
import { testContext } from '../support/context.ts';
import { Fault, sums, type InferCall } from '../triton/fake-server.ts';
import { sumsProject } from './sums-project.ts';

const project = sumsProject();

test('a model that failed to load ends the test at once with 1, the reason and the log', async () => {
  project.fake.handlers.ModelReady = () => ({ ready: false });
  const reason = 'failed to read\nthe weights';
  project.fake.handlers.RepositoryIndex = () => ({
    models: [{ name: 'sums', version: '3', state: 'UNAVAILABLE', reason }],
  });
  const { exitCode, last, context } = await project.run(['--server-log', '/run/server.log']);
  expect(last).toMatch(/^FAIL: model sums is not served by .*: version 3: failed to read the weights$/);
  expect(context.messages.at(-1)).toBe('  log: /run/server.log');
  expect(exitCode).toBe(1);
});

test('a model that never becomes ready ends the test with 5', async () => {
  project.fake.handlers.ModelReady = () => {
    throw new Fault(status.UNAVAILABLE, 'server is starting');
  };
  const { exitCode, last } = await project.run(['--ready-timeout', '0.5']);
  expect(last).toMatch(/was not ready within 0\.5 s; last state: server loading \(server is starting\)$/);
  expect(exitCode).toBe(5);
});

test('a server that dies during the test ends it with 1 and the name of the request', async () => {
  project.fake.handlers.ModelInfer = (request: InferCall) => {
    if (project.fake.inferences.length === 4) {
      project.fake.kill();
    }
    return sums(request);
  };
  const { exitCode, last } = await project.run();
  expect(last).toMatch(/^FAIL: random request 2: .*: no answer to ModelInfer: /);
  expect(exitCode).toBe(1);
});

test('a server that hangs ends the test with 1 at the deadline', async () => {
  project.fake.handlers.ModelInfer = () => new Promise(() => undefined);
  const { exitCode, last } = await project.run(['--infer-timeout', '0.3']);
  expect(last).toMatch(/^FAIL: reference case one: .* connected, but no answer within 0\.3 s$/);
  expect(exitCode).toBe(1);
});

test('an interruption ends the test with 130, and the result records it', async () => {
  const interruption = new AbortController();
  project.fake.handlers.ModelInfer = () => {
    interruption.abort(new InterruptedError('SIGINT'));
    return new Promise(() => undefined);
  };
  const context = testContext({ cwd: project.directory, signal: interruption.signal });
  const { exitCode, last } = await project.run(['--result', 'result.json'], context);
  expect(last).toBe('FAIL: interrupted by SIGINT');
  expect(exitCode).toBe(130);
  expect(project.json('result.json')).toMatchObject({ exitCode: 130 });
});
