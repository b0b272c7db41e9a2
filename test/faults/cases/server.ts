import { expect } from '@jest/globals';
import { hpcGat } from '../../support/gat-project.ts';
import type { Fault } from '../fault.ts';

export const serverKilledBeforeReady: Fault = {
  name: 'server-killed-before-ready',
  class: 'server',
  title: 'The server is killed while its models load',
  reaction: 'The script detects the end of the process, prints the last lines of the server, and ends.',
  inShortRun: true,
  exitCode: 1,
  reportPattern: /tritonserver ended before the model was ready/,
  inject: async (stage) => {
    const waiting = stage.submit({ models: await stage.slowModels({ load: 5 }) });
    await stage.untilStarted();
    return stage.outcome(waiting, await stage.killServer());
  },
};

export const serverKilledWhileTested: Fault = {
  name: 'server-killed-while-tested',
  class: 'server',
  title: 'The server is killed while it is tested',
  reaction: 'The request of the client fails, the script detects that the server has exited, and ends.',
  exitCode: 1,
  reportPattern: /tritonserver ended during the test/,
  inject: async (stage) => {
    const long = await stage.slowModels({ answer: 0.2, requests: 500 });
    const waiting = stage.submit({ models: long });
    await stage.until('endpoint.json');
    return stage.outcome(waiting, await stage.killServer());
  },
};

export const serverKilledWhileServing: Fault = {
  name: 'server-killed-while-serving',
  class: 'server',
  title: 'The server is killed while it serves others',
  reaction:
    'The script detects within a second that the server has exited, prints its last lines, and ends the job: `endpoints` no longer lists it, and `logs --follow` and `status --watch` report it.',
  exitCode: 0,
  reportPattern: /has ended: server-ended/,
  inject: async (stage) => {
    await stage.serve();
    const following = stage.type(['logs', '--follow', stage.run]);
    const outcome = await stage.outcome(following, await stage.killServer());
    expect((await hpcGat(['endpoints'])).stdout).not.toContain(stage.run);
    return outcome;
  },
};
