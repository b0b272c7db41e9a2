import { withRunOptions } from './run-options.ts';
import { defineVerb } from './verb.ts';
import { withoutResults } from '../support/output.ts';

export const run = defineVerb({
  command: 'run',
  summary: 'Start, test and stop on this node, in the foreground: on a login node, or inside salloc',
  options: (yargs) =>
    withRunOptions(yargs)
      .option('json', { type: 'boolean', default: false, describe: 'Report as one JSON document' })
      .example('$0 run', 'On this node, without a queue')
      .example('salloc --gres=gpu:1 srun --pty $0 run --gpu', 'In an interactive allocation'),
  handle: async (args, context) => {
    const { loadForRun } = await import('./load-for-run.ts');
    const { runHere } = await import('../run/local.ts');
    const { showEnding } = await import('../run/show-ending.ts');
    const { gpu, allowCpu, id } = args;
    const project = await loadForRun(args, context);
    const shown = args.json ? { ...context, output: withoutResults(context.output) } : context;
    const { record, ending } = await runHere(shown, project, { gpu, allowCpu, id });
    if (args.json) {
      context.output.json({ run: record.id, folder: record.folder, ...ending });
    }
    return showEnding(ending, record, context.output);
  },
});
