import { dryRunOption, jsonOption, projectOptions } from './common-options.ts';
import { defineVerb } from './verb.ts';

export const init = defineVerb({
  command: 'init',
  summary: 'Write hpc-gat.yaml for this directory from the properties of the host',
  options: (yargs) =>
    yargs
      .option('site', { ...projectOptions.site, requiresArg: true })
      .option('force', { type: 'boolean', default: false, describe: 'Replace an existing file' })
      .option('dry-run', dryRunOption)
      .option('json', jsonOption)
      .example('$0 init --dry-run', 'Print the file instead of writing it')
      .example('$0 init --site lab', 'Use the values of a site profile where it has them'),
  handle: async (args, context) => {
    const { initProject } = await import('../init/init-project.ts');
    const { site, force, dryRun, json } = args;
    const report = await initProject(context, { site, force, dryRun });
    if (json) {
      context.output.json(report);
    } else if (dryRun) {
      context.output.result(report.content.trimEnd());
    } else {
      context.output.result(`wrote ${report.file}`);
      context.output.info('read the file, then run: hpc-gat render --gpu');
    }
    return 0;
  },
});
