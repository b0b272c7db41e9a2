import { jsonOption, scriptDryRunOption } from './common-options.ts';
import { withRunOptions } from './run-options.ts';
import { defineVerb } from './verb.ts';
import { withoutResults } from '../support/output.ts';

export const run = defineVerb({
  command: 'run',
  summary: 'Run the server and its test on this node, in the foreground',
  options: (yargs) =>
    withRunOptions(yargs)
      .option('dry-run', scriptDryRunOption)
      .option('json', jsonOption)
      .example('$0 run', 'Test the model on this node, without a job')
      .example('$0 run --runtime docker', 'Test the Docker image on a workstation')
      .example('salloc --gres=gpu:1 srun --pty $0 run --gpu', 'Test the model in an interactive allocation'),
  handle: async (args, context) => {
    const { loadForRun } = await import('./load-for-run.ts');
    const { gpu, allowCpu, id } = args;
    const project = await loadForRun(args, context);
    if (args.dryRun) {
      const { printScript } = await import('../run/show-script.ts');
      await printScript(project, { kind: 'local', serve: false, gpu, allowCpu, id }, args.json, context);
      return 0;
    }
    const { runLocally } = await import('../run/run-locally.ts');
    const { reportOutcome } = await import('../run/record/report-outcome.ts');
    const shown = args.json ? { ...context, output: withoutResults(context.output) } : context;
    const { record, outcome } = await runLocally(shown, project, { serve: false, gpu, allowCpu, id });
    if (args.json) {
      context.output.json({ run: record.id, folder: record.directory, ...outcome });
    }
    if (args.gpu && !args.allowCpu) {
      const { warnOfCpuModels } = await import('../run/record/cpu-models.ts');
      await warnOfCpuModels(record, context.output);
    }
    return reportOutcome(outcome, record, context.output);
  },
});
