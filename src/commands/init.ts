import { dryRunOption, jsonOption, projectOptions } from './common-options.ts';
import { defineVerb } from './verb.ts';

export const init = defineVerb({
  command: 'init',
  summary: 'Write hpc-gat.yaml for this directory from the properties of the host',
  options: (yargs) =>
    yargs
      .option('site', projectOptions.site)
      .option('force', { type: 'boolean', default: false, describe: 'Replace an existing file' })
      .option('dry-run', dryRunOption)
      .option('json', jsonOption)
      .example('$0 init --dry-run', 'What would be written')
      .example('$0 init --site lab', 'With a profile; what it says is not guessed'),
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
      context.output.info('read it, then: hpc-gat render --gpu');
    }
    return 0;
  },
});
