import { expect } from '@jest/globals';
import { fewRequests } from '../../support/gat-project.ts';
import type { Fault } from '../fault.ts';
import { type Stage, textOf } from '../stage.ts';

/** Returns the time of Triton's log line with this text: `E1123 20:53:48.123456 12 file.cc:1] ...`, in UTC. */
async function knownToTriton(stage: Stage, text: RegExp): Promise<number> {
  const line = (await stage.read('server.log')).split('\n').find((logLine) => text.test(logLine)) ?? '';
  const [, time = ''] = /^[EWI]\d{4} (\d\d:\d\d:\d\d\.\d{3})/.exec(line) ?? [];
  return Date.parse(`${new Date().toISOString().slice(0, 10)}T${time}Z`);
}

export const modelCannotLoad: Fault = {
  name: 'model-cannot-load',
  class: 'model',
  title: 'A model that cannot be loaded: its file is truncated',
  reaction:
    "`submit` prints a warning before the job waits; Triton's reason appears on the terminal, and the job ends.",
  inShortRun: true,
  exitCode: 1,
  reportPattern: /PytorchStreamReader failed/,
  inject: async (stage) => {
    const cut = await stage.changedModels('truncate --size=1000 1/model.pt', fewRequests);
    const waiting = stage.submit({ models: cut });
    await waiting.exitCode;
    expect(textOf(waiting)).toMatch(/^warning: .*gat_test\/1\/model\.pt/m);
    return stage.outcome(waiting, await knownToTriton(stage, /PytorchStreamReader failed/));
  },
};

export const configDoesNotParse: Fault = {
  name: 'config-does-not-parse',
  class: 'model',
  title: 'A config.pbtxt that cannot be parsed',
  reaction:
    "Triton omits the model and reports that it is ready. `submit` prints a warning with line and column before the job waits; in the job the client waits for the model, not the server, and Triton's reason appears on the terminal.",
  exitCode: 1,
  reportPattern: /failed to (read|parse)|Poll failed/i,
  inject: async (stage) => {
    const broken = await stage.changedModels('echo "input [" >>config.pbtxt');
    const waiting = stage.submit({ models: broken });
    await waiting.exitCode;
    expect(textOf(waiting)).toMatch(/^warning: .*gat_test\/config\.pbtxt:\d+:\d+: /m);
    return stage.outcome(waiting, await knownToTriton(stage, /failed to (read|parse)|Poll failed/i));
  },
};
