import { hostname } from 'node:os';
import { dryRunOption, jsonOption, withProjectOptions } from './common-options.ts';
import { defineVerb } from './verb.ts';

export const stop = defineVerb({
  command: 'stop [run]',
  summary: 'Stop a server that start or submit --serve started',
  options: (yargs) =>
    withProjectOptions(yargs)
      .positional('run', {
        type: 'string',
        describe: 'Run ID or job ID [the newest server]',
      })
      .option('dry-run', dryRunOption)
      .option('json', jsonOption)
      .example('$0 stop', 'Stop the newest server')
      .example('$0 stop 4711 --dry-run', 'Print what stopping the server of job 4711 would do'),
  handle: async (args, context) => {
    const { loadProject } = await import('../config/load.ts');
    const { cleanUpRun } = await import('../run/clean-up-run.ts');
    const { getRun } = await import('../run/record/run-directory.ts');
    const { listServingRuns } = await import('../run/list-endpoints.ts');
    const { root } = await loadProject(context, { configFile: args.config, site: args.site });
    const record =
      args.run === undefined
        ? (await listServingRuns(context, root, hostname()))[0]?.record
        : await getRun(root, args.run);
    const done =
      record === undefined
        ? []
        : await cleanUpRun(context, record, { dryRun: args.dryRun, hostname: hostname() });
    if (args.json) {
      context.output.json({ dryRun: args.dryRun, run: record?.id ?? null, done });
    } else {
      (done.length === 0 ? ['nothing to stop'] : done).forEach((line) => {
        context.output.result(args.dryRun && done.length > 0 ? `would: ${line}` : line);
      });
    }
    return 0;
  },
});
