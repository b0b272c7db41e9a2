import { hostname } from 'node:os';
import { UsageError } from '../support/errors.ts';
import { jsonOption, withProjectOptions } from './common-options.ts';
import { secondsToMs } from './seconds.ts';
import { defineVerb } from './verb.ts';

export const status = defineVerb({
  command: 'status [run]',
  summary: 'Show the runs of this project and their states',
  options: (yargs) =>
    withProjectOptions(yargs)
      .positional('run', { type: 'string', describe: 'Run ID or job ID [all runs]' })
      .option('watch', {
        type: 'boolean',
        default: false,
        describe: 'Refresh until no run is pending or running',
      })
      .option('interval', {
        type: 'number',
        default: 5,
        describe: 'Seconds between refreshes of --watch, at least 2',
      })
      .option('json', jsonOption)
      .example('$0 status', 'Show all runs once')
      .example('$0 status --watch', 'Show all runs and refresh until they have ended'),
  handle: async (args, context) => {
    const { loadProject } = await import('../config/load.ts');
    const { listRunDirectories } = await import('../run/record/runs-directory.ts');
    const { getRun, listRuns } = await import('../run/record/run-directory.ts');
    if (args.watch && args.json) {
      throw new UsageError('--watch and --json cannot be given together', { fix: 'leave out one of them' });
    }
    const { root } = await loadProject(context, { configFile: args.config, site: args.site });
    if (args.run === undefined) {
      const { others } = await listRunDirectories(root);
      if (others.length > 0) {
        const what = others.length === 1 ? 'run of another user is' : 'runs of other users are';
        context.output.info(`${others.length} ${what} not shown`);
      }
    }
    const list = async () => (args.run === undefined ? listRuns(root) : [await getRun(root, args.run)]);
    if (args.watch) {
      const { shortestIntervalMs, watchRuns } = await import('../run/watch.ts');
      const intervalMs = secondsToMs('--interval', args.interval);
      if (intervalMs < shortestIntervalMs) {
        throw new UsageError(
          `--interval ${args.interval} is below 2 seconds, the shortest interval between queries of Slurm`,
          {
            fix: '--interval 2',
          },
        );
      }
      await watchRuns(context, { list, hostname: hostname(), intervalMs });
      return 0;
    }
    const { getRunStates } = await import('../run/record/state.ts');
    const { formatStates } = await import('../run/record/format-states.ts');
    const { explainTerminated } = await import('../run/record/explain-terminated.ts');
    const states = await explainTerminated(context, await getRunStates(context, await list(), hostname()));
    if (args.json) {
      context.output.json(states);
    } else {
      formatStates(states).forEach((line) => {
        context.output.result(line);
      });
    }
    return 0;
  },
});
