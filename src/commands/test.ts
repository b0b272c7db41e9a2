import { UsageError } from '../support/errors.ts';
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
      .option('record', {
        type: 'string',
        conflicts: 'result',
        describe: "Do not test: store this server's answers as the reference [the workload's file for it]",
      })
      .option('force', {
        type: 'boolean',
        default: false,
        describe: 'Let --record replace a reference',
      })
      .example('$0 test --url localhost:8001 --workload models/gat_test/workload.yaml', '')
      .example('$0 test --url localhost:8001 --workload models/mine/workload.yaml --record', ''),
  handle: async ({ readyTimeout, inferTimeout, result, record, force, ...options }, context) => {
    const asked = {
      ...options,
      readyTimeoutMs: secondsToMs('--ready-timeout', readyTimeout),
      inferTimeoutMs: secondsToMs('--infer-timeout', inferTimeout),
    };
    if (force && record === undefined) {
      throw new UsageError('--force is for --record', { fix: 'add --record, or leave --force out' });
    }
    if (record !== undefined) {
      const { runRecord } = await import('../client/run-record.ts');
      return runRecord({ ...asked, record, force }, context);
    }
    const { runTest } = await import('../client/run-test.ts');
    return runTest({ ...asked, result }, context);
  },
});
