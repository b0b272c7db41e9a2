import type { CheckResult } from '../doctor/run-checks.ts';
import { jsonOption, projectArguments, withProjectOptions } from './common-options.ts';
import { secondsToMs } from './seconds.ts';
import { defineVerb } from './verb.ts';

export const doctor = defineVerb({
  command: 'doctor',
  summary: 'Check this host or a compute node for problems and print their fixes',
  options: (yargs) =>
    withProjectOptions(yargs)
      .option('gpu', { type: 'boolean', default: false, describe: 'Require a GPU' })
      .option('node', {
        type: 'string',
        requiresArg: true,
        describe: 'Run the checks on a node of this partition, in a small job',
      })
      .option('wait', {
        type: 'number',
        default: 120,
        requiresArg: true,
        describe: 'Seconds that the job of --node may wait in the queue',
      })
      .option('json', jsonOption)
      .example('$0 doctor', 'Check this host, for example the login node')
      .example('$0 doctor --node gpu --gpu', 'Check a compute node of the partition gpu, and its GPU'),
  handle: async (args, context) => {
    const waitMs = secondsToMs('--wait', args.wait);
    const { loadProject } = await import('../config/load.ts');
    const { formatCheckResults, runChecks } = await import('../doctor/run-checks.ts');
    const { root, settings } = await loadProject(context, { configFile: args.config, site: args.site });
    const checkContext = { context, settings, root, gpu: args.gpu };
    let node: string | undefined;
    let diagnoses: CheckResult[];
    if (args.node === undefined) {
      diagnoses = await runChecks(checkContext);
    } else {
      const { runChecksOnNode } = await import('../doctor/run-checks-on-node.ts');
      context.output.info(`requesting a node of partition ${args.node}; waiting up to ${args.wait} s`);
      ({ node, results: diagnoses } = await runChecksOnNode(checkContext, {
        partition: args.node,
        waitMs,
        args: [...(args.gpu ? ['--gpu'] : []), ...projectArguments(args)],
      }));
    }
    if (args.json) {
      context.output.json(node === undefined ? diagnoses : { node, diagnoses });
    } else {
      if (node !== undefined) {
        context.output.info(`on ${node}:`);
      }
      formatCheckResults(diagnoses).forEach((line) => {
        context.output.result(line);
      });
    }
    return diagnoses.some(({ status }) => status === 'error') ? 1 : 0;
  },
});
