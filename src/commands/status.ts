import { hostname } from 'node:os';
import { withProjectOptions } from './run-options.ts';
import { defineVerb } from './verb.ts';

export const status = defineVerb({
  command: 'status [run]',
  summary: 'Show the runs of this project: state, reason, node, readiness, how they ended',
  options: (yargs) =>
    withProjectOptions(yargs)
      .positional('run', { type: 'string', describe: 'Id of a run or of its job; all runs without it' })
      .option('json', { type: 'boolean', default: false, describe: 'Report as one JSON document' }),
  handle: async (args, context) => {
    const { loadProject } = await import('../config/load.ts');
    const { findRun, listRuns } = await import('../run/record.ts');
    const { stateOfRun } = await import('../run/state.ts');
    const { describeStates } = await import('../run/describe-states.ts');
    const { root } = await loadProject(context, { configFile: args.config, site: args.site });
    const records = args.run === undefined ? await listRuns(root) : [await findRun(root, args.run)];
    const states = [];
    for (const record of records) {
      states.push(await stateOfRun(context, record, hostname()));
    }
    if (args.json) {
      context.output.json(states);
    } else {
      describeStates(states).forEach((line) => {
        context.output.result(line);
      });
    }
    return 0;
  },
});
