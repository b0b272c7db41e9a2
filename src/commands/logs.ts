import { withProjectOptions } from './run-options.ts';
import { defineVerb } from './verb.ts';

const kinds = ['client', 'server', 'batch'] as const;

export const logs = defineVerb({
  command: 'logs [run]',
  summary: 'Print what the client, the server and the script of a run said',
  options: (yargs) =>
    withProjectOptions(yargs)
      .positional('run', { type: 'string', describe: 'Id of a run or of its job; the newest without it' })
      .option('only', { choices: kinds, describe: 'Just this log' }),
  handle: async (args, context) => {
    const { loadProject } = await import('../config/load.ts');
    const { findRun } = await import('../run/record.ts');
    const { readTextIfPresent } = await import('../support/files.ts');
    const { root } = await loadProject(context, { configFile: args.config, site: args.site });
    const record = await findRun(root, args.run);
    for (const kind of args.only === undefined ? kinds : [args.only]) {
      const file = record.file(`${kind}.log`);
      const text = await readTextIfPresent(file);
      if (args.only === undefined) {
        context.output.result(`==> ${file} <==`);
      }
      context.output.result(text === undefined ? '(not written yet)' : text.trimEnd());
    }
    return 0;
  },
});
