import { hostname } from 'node:os';
import type { Context } from '../support/context.ts';
import { UsageError } from '../support/errors.ts';
import { withProjectOptions } from './common-options.ts';
import { secondsToMs } from './seconds.ts';
import { urlOption, withServerOptions } from './server-options.ts';
import { defineVerb } from './verb.ts';

export const test = defineVerb({
  command: 'test [run]',
  summary: 'Test a served model with reference and random requests',
  options: (yargs) =>
    withServerOptions(withProjectOptions(yargs))
      .positional('run', {
        type: 'string',
        describe: 'Run ID or job ID [the newest server]',
      })
      .option('url', urlOption)
      .option('workload', {
        type: 'string',
        array: true,
        requiresArg: true,
        describe: "Workload file; repeatable [the run's]",
      })
      .option('ready-timeout', { type: 'number', default: 60, describe: 'Seconds to wait for the model' })
      .option('infer-timeout', { type: 'number', default: 120, describe: 'Seconds to wait for a response' })
      .option('result', {
        type: 'string',
        requiresArg: true,
        describe: 'File for the result as JSON',
      })
      .option('record', {
        type: 'string',
        conflicts: 'result',
        describe: "Store this server's responses as the reference, in FILE if given",
      })
      .option('image-record', {
        type: 'string',
        requiresArg: true,
        describe: "Image record: NAME.sif.json or docker image inspect output [the run's]",
      })
      .option('force', {
        type: 'boolean',
        default: false,
        describe: 'Allow --record to replace a reference',
      })
      .example('$0 test', 'Test the newest server of this project')
      .example(
        '$0 test --url localhost:8001 --workload models/gat_test/workload.yaml',
        'Test a Triton server that was started without hpc-gat',
      )
      .example(
        '$0 test --url localhost:8001 --workload models/mine/workload.yaml --record',
        'Store the responses of a trusted server as the reference',
      ),
  handle: async ({ readyTimeout, inferTimeout, result, record, force, ...options }, context) => {
    const timeouts = {
      readyTimeoutMs: secondsToMs('--ready-timeout', readyTimeout),
      inferTimeoutMs: secondsToMs('--infer-timeout', inferTimeout),
    };
    if (force && record === undefined) {
      throw new UsageError('--force needs --record', { fix: 'add --record, or leave --force out' });
    }
    const request = { ...(await chooseServer(options, context)), ...timeouts, json: options.json };
    if (record !== undefined) {
      const { runSaveReference } = await import('../client/run-save-reference.ts');
      const [workload = '', ...others] = request.workloads;
      if (others.length > 0) {
        throw new UsageError('--record takes one workload at a time', { fix: 'give --workload once' });
      }
      return runSaveReference({ ...request, workload, record, force }, context);
    }
    const { runTest } = await import('../client/run-test.ts');
    return runTest({ ...request, result }, context);
  },
});

interface ServerOptions {
  readonly run?: string | undefined;
  readonly url?: string | undefined;
  readonly workload?: readonly string[] | undefined;
  readonly credentials?: string | undefined;
  readonly serverLog?: string | undefined;
  readonly imageRecord?: string | undefined;
  readonly config?: string | undefined;
  readonly site?: string | undefined;
}

/** Returns the server at --url, else that of a run with the files that the run recorded. */
async function chooseServer(options: ServerOptions, context: Context) {
  const { run, url, workload, credentials, serverLog, imageRecord, config, site } = options;
  if (url !== undefined) {
    if (run !== undefined) {
      throw new UsageError('--url and a run cannot be given together', { fix: 'leave out one of them' });
    }
    if (workload === undefined) {
      throw new UsageError('--url needs --workload', {
        fix: 'add --workload FILE, with the requests and the expected responses',
      });
    }
    return { url, workloads: workload, credentials, serverLog, imageRecord };
  }
  const { loadProject } = await import('../config/load.ts');
  const { getEndpoint } = await import('../run/list-endpoints.ts');
  const { root } = await loadProject(context, { configFile: config, site });
  const served = await getEndpoint(context, root, { run, hostname: hostname() });
  return {
    url: served.url,
    workloads: workload ?? served.workloads,
    credentials: credentials ?? served.credentials,
    serverLog: serverLog ?? served.serverLog,
    imageRecord: imageRecord ?? served.imageRecord,
  };
}
