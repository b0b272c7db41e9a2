import { secondsToMs } from './seconds.ts';
import { urlOption, withServerOptions } from './server-options.ts';
import { defineVerb } from './verb.ts';

export const waitReady = defineVerb({
  command: 'wait-ready',
  summary: 'Wait until a server is ready to serve a model',
  options: (yargs) =>
    withServerOptions(yargs)
      .option('url', { ...urlOption, demandOption: true })
      .option('model', {
        type: 'string',
        array: true,
        demandOption: true,
        requiresArg: true,
        describe: 'Model name; repeatable',
      })
      .option('timeout', { type: 'number', default: 300, describe: 'Seconds to wait' })
      .example(
        '$0 wait-ready --url 127.0.0.1:8001 --model gat_test --timeout 60',
        'Exit with 0 when the model is ready, with 5 after 60 seconds',
      ),
  handle: async ({ model: models, timeout, ...options }, context) => {
    const timeoutMs = secondsToMs('--timeout', timeout);
    const { runWaitReady } = await import('../client/run-wait-ready.ts');
    return runWaitReady({ ...options, models, timeoutMs }, context);
  },
});
