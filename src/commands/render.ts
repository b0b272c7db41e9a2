import { jsonOption } from './common-options.ts';
import { withJobOptions, withRunOptions, withServeOption } from './run-options.ts';
import { defineVerb } from './verb.ts';

export const render = defineVerb({
  command: 'render',
  summary: 'Print the batch script that submit would send to Slurm',
  options: (yargs) =>
    withServeOption(withJobOptions(withRunOptions(yargs)))
      .option('json', jsonOption)
      .example('$0 render --gpu', 'Print the script of a GPU job')
      .example('$0 render --gpu --json', 'Print the script and every resolved value of the run'),
  handle: async (args, context) => {
    const { loadForRun } = await import('./load-for-run.ts');
    const { printScript } = await import('../run/show-script.ts');
    const { serve, gpu, allowCpu, id } = args;
    const project = await loadForRun(args, context);
    await printScript(project, { kind: 'job', serve, gpu, allowCpu, id }, args.json, context);
    return 0;
  },
});
