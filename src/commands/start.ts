import { hostname } from 'node:os';
import { jsonOption, scriptDryRunOption } from './common-options.ts';
import { withRunOptions } from './run-options.ts';
import { defineVerb } from './verb.ts';

export const start = defineVerb({
  command: 'start',
  summary: 'Start a server on this node, in the background',
  options: (yargs) =>
    withRunOptions(yargs)
      .option('hours', { type: 'number', describe: 'Hours until the server stops' })
      .option('dry-run', scriptDryRunOption)
      .option('json', jsonOption)
      .example('$0 start', 'Start a server on a workstation; then use test and stop')
      .example('$0 start --hours 2', 'Start a server that stops after two hours'),
  handle: async (args, context) => {
    const { loadForRun } = await import('./load-for-run.ts');
    const { gpu, allowCpu, id } = args;
    const project = await loadForRun(args, context);
    if (args.dryRun) {
      const { printScript } = await import('../run/show-script.ts');
      await printScript(project, { kind: 'local', serve: true, gpu, allowCpu, id }, args.json, context);
      return 0;
    }
    const { startLocally } = await import('../run/start-locally.ts');
    const { getEndpoint, formatInstructions } = await import('../run/list-endpoints.ts');
    const { reportOutcome } = await import('../run/record/report-outcome.ts');
    const options = { gpu, allowCpu, id, hostname: hostname() };
    const { record, outcome } = await startLocally(context, project, options);
    if (outcome !== undefined) {
      if (args.json) {
        context.output.json({ run: record.id, folder: record.directory, ...outcome });
      }
      return reportOutcome(outcome, record, context.output);
    }
    const served = await getEndpoint(context, project.root, { run: record.id, hostname: hostname() });
    if (args.json) {
      context.output.json(served);
    } else {
      formatInstructions(served).forEach((line) => {
        context.output.result(line);
      });
    }
    return 0;
  },
});
