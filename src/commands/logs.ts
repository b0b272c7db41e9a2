import { hostname } from 'node:os';
import { UsageError } from '../support/errors.ts';
import { jsonOption, withProjectOptions } from './common-options.ts';
import { defineVerb } from './verb.ts';

const kinds = ['client', 'server', 'batch'] as const;

export const logs = defineVerb({
  command: 'logs [run]',
  summary: 'Print the logs of the client, the server and the script of a run',
  options: (yargs) =>
    withProjectOptions(yargs)
      .positional('run', { type: 'string', describe: 'Run ID or job ID [the newest run]' })
      .option('only', { choices: kinds, requiresArg: true, describe: 'Print only this log' })
      .option('follow', {
        alias: 'f',
        type: 'boolean',
        default: false,
        describe: 'Follow the log until the run ends',
      })
      .option('lines', {
        alias: 'n',
        type: 'number',
        requiresArg: true,
        describe: 'Number of lines to print from the end of each log',
      })
      .option('json', jsonOption)
      .example('$0 logs -f --lines 10', 'Follow the logs of the newest run')
      .example('$0 logs 4711 --only server', "Print Triton's log of job 4711"),
  handle: async (args, context) => {
    if (args.lines !== undefined && !(Number.isInteger(args.lines) && args.lines >= 0)) {
      throw new UsageError(`--lines takes a whole number, not ${args.lines}`, { fix: '--lines 20' });
    }
    if (args.follow && args.json) {
      throw new UsageError('--follow and --json cannot be given together', { fix: 'leave out one of them' });
    }
    const { loadProject } = await import('../config/load.ts');
    const { getRun } = await import('../run/record/run-directory.ts');
    const { followLogs, printLogs, readLogs } = await import('../run/run-logs.ts');
    const { output } = context;
    const { root } = await loadProject(context, { configFile: args.config, site: args.site });
    const record = await getRun(root, args.run);
    const options = { kinds: args.only === undefined ? kinds : [args.only], lines: args.lines };
    if (!args.follow) {
      if (args.json) {
        output.json({ run: record.id, logs: await readLogs(record, options) });
      } else {
        await printLogs(record, options, (lines) => output.results(lines));
      }
      return 0;
    }
    await followLogs(context, record, {
      ...options,
      hostname: hostname(),
      onLine: (kind, line) => {
        output.result(args.only === undefined ? `${kind.padEnd(6)} | ${line}` : line);
      },
    });
    const { ended } = await record.facts();
    output.info(`run ${record.id} has ended${ended === undefined ? '' : `: ${ended.reason}`}`);
    return 0;
  },
});
