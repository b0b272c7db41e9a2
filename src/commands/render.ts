import { withJobOptions, withRunOptions, withServeOption } from './run-options.ts';
import { defineVerb } from './verb.ts';

export const render = defineVerb({
  command: 'render',
  summary: 'Print the batch script that `submit` with the same options hands to Slurm',
  options: (yargs) =>
    withServeOption(withJobOptions(withRunOptions(yargs))).example(
      '$0 render --gpu',
      'Read what would run, before it runs',
    ),
  handle: async (args, context) => {
    const { loadForRun } = await import('./load-for-run.ts');
    const { prepareRun } = await import('../run/prepare.ts');
    const { serve, gpu, allowCpu, id } = args;
    const project = await loadForRun(args, context);
    const { script } = await prepareRun(project, { kind: 'job', serve, gpu, allowCpu, id }, context);
    context.output.result(script.replace(/\n$/, ''));
    return 0;
  },
});
