import { hostname } from 'node:os';
import { jsonOption, scriptDryRunOption } from './common-options.ts';
import { withJobOptions, withRunOptions, withServeOption } from './run-options.ts';
import { defineVerb } from './verb.ts';
import { withoutResults } from '../support/output.ts';

export const submit = defineVerb({
  command: 'submit',
  summary: 'Submit a batch job that serves the model and tests it',
  options: (yargs) =>
    withServeOption(withJobOptions(withRunOptions(yargs)))
      .option('wait', {
        type: 'boolean',
        default: false,
        describe: 'Follow the job and exit with its test result; with --serve until ready',
      })
      .option('dry-run', scriptDryRunOption)
      .option('json', jsonOption)
      .example('$0 submit --gpu --wait', 'Test on a GPU node and wait for the result')
      .example(
        '$0 submit --serve --wait --time 4:00:00',
        'Serve for four hours; return when the model is ready',
      )
      .example('$0 submit --sbatch exclusive --sbatch nice=100', 'Pass other options to sbatch'),
  handle: async (args, context) => {
    const { loadForRun } = await import('./load-for-run.ts');
    const { output } = context;
    const { serve, gpu, allowCpu, id } = args;
    const project = await loadForRun(args, context);
    if (args.dryRun) {
      const { printScript } = await import('../run/show-script.ts');
      await printScript(project, { kind: 'job', serve, gpu, allowCpu, id }, args.json, context);
      return 0;
    }
    const { submitRun } = await import('../run/submit-run.ts');
    const { record, jobId } = await submitRun(context, project, { serve, gpu, allowCpu, id });
    const report = { run: record.id, job: jobId, folder: record.directory };
    if (!args.wait) {
      if (args.json) {
        output.json(report);
      } else {
        output.result(`job ${jobId}, run ${record.id}`);
        output.info(`to follow the job: hpc-gat status, hpc-gat logs ${record.id}`);
        if (serve) {
          output.info(`when the model is ready: hpc-gat endpoints, hpc-gat test ${record.id}`);
        }
      }
      return 0;
    }
    output.info(`job ${jobId}, run ${record.id}`);
    const { waitForJob } = await import('../run/wait.ts');
    const { reportOutcome } = await import('../run/record/report-outcome.ts');
    const shown = args.json ? { ...context, output: withoutResults(output) } : context;
    const outcome = await waitForJob(shown, record, { jobId, untilReady: serve });
    if (outcome === undefined) {
      const { getEndpoint, formatInstructions } = await import('../run/list-endpoints.ts');
      const served = await getEndpoint(context, project.root, { run: record.id, hostname: hostname() });
      if (args.json) {
        output.json({ ...report, ...served });
      } else {
        formatInstructions(served).forEach((line) => {
          output.result(line);
        });
      }
      return 0;
    }
    if (args.json) {
      output.json({ ...report, ...outcome });
    }
    if (args.gpu && !args.allowCpu) {
      const { warnOfCpuModels } = await import('../run/record/cpu-models.ts');
      await warnOfCpuModels(record, output);
    }
    return reportOutcome(outcome, record, output);
  },
});
