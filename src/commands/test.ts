import { secondsToMs } from './seconds.ts';
import { withServerOptions } from './server-options.ts';
import { defineVerb } from './verb.ts';

export const test = defineVerb({
  command: 'test',
  summary: 'Prove that a served model answers right: reference cases, random requests, statistics',
  options: (yargs) =>
    withServerOptions(yargs)
      .option('workload', {
        type: 'string',
        demandOption: true,
        requiresArg: true,
        describe: 'What to send and what to expect: a workload.yaml',
      })
      .option('ready-timeout', { type: 'number', default: 60, describe: 'Seconds to wait for the model' })
      .option('infer-timeout', { type: 'number', default: 120, describe: 'Seconds to wait for one answer' })
      .option('result', {
        type: 'string',
        requiresArg: true,
        describe: 'File for the result as JSON, written when the test fails too',
      })

      .example('$0 test --url localhost:8001 --workload models/gat_test/workload.yaml', ''),
  handle: async ({ url, workload, readyTimeout, inferTimeout, result, serverLog, json }, context) => {
    const readyTimeoutMs = secondsToMs('--ready-timeout', readyTimeout);
    const inferTimeoutMs = secondsToMs('--infer-timeout', inferTimeout);
    const { runTest } = await import('../client/run-test.ts');
    return runTest({ url, workload, readyTimeoutMs, inferTimeoutMs, result, serverLog, json }, context);
  },
});
