import { withProjectOptions } from './run-options.ts';
import { defineVerb } from './verb.ts';

export const doctor = defineVerb({
  command: 'doctor',
  summary: 'Look for everything that can be wrong on this host, each with its fix',
  options: (yargs) =>
    withProjectOptions(yargs)
      .option('gpu', { type: 'boolean', default: false, describe: 'A GPU has to be here' })
      .option('json', { type: 'boolean', default: false, describe: 'Report as one JSON document' })
      .example('$0 doctor', 'On the login node')
      .example('srun --gres=gpu:1 $0 doctor --gpu', 'On a compute node'),
  handle: async (args, context) => {
    const { loadProject } = await import('../config/load.ts');
    const { describeDiagnoses, examine } = await import('../doctor/examine.ts');
    const { root, settings } = await loadProject(context, { configFile: args.config, site: args.site });
    const diagnoses = await examine({ context, settings, root, gpu: args.gpu });
    if (args.json) {
      context.output.json(diagnoses);
    } else {
      describeDiagnoses(diagnoses).forEach((line) => {
        context.output.result(line);
      });
    }
    return diagnoses.some(({ status }) => status === 'error') ? 1 : 0;
  },
});
