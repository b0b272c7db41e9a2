import { jsonOption } from './common-options.ts';
import { withJobOptions, withRunOptions } from './run-options.ts';
import { defineVerb, missingVerb, type BindVerb } from './verb.ts';

const show = defineVerb({
  command: 'show',
  summary: 'every value and where it comes from',
  options: (yargs) =>
    withJobOptions(withRunOptions(yargs))
      .option('json', jsonOption)
      .example('$0 config show --gpu', 'What `submit --gpu` would use')
      .example('$0 config show --site lab --partition long', 'The same with flags of `submit`'),
  handle: async (args, context) => {
    const { loadLayers } = await import('../config/load.ts');
    const { formatSettings, explainSettings } = await import('../config/explain.ts');
    const { settingsOf } = await import('./load-for-run.ts');
    const project = await loadLayers(context, {
      flags: settingsOf(args, context),
      configFile: args.config,
      site: args.site,
    });
    const values = explainSettings(project, args.gpu);
    if (args.json) {
      context.output.json({ root: project.root, values });
    } else {
      formatSettings(values).forEach((line) => {
        context.output.result(line);
      });
    }
    return 0;
  },
});

/** `hpc-gat config show`. */
export const config: BindVerb = (context, done) => ({
  command: 'config',
  describe: 'The settings of this project',
  builder: (yargs) => yargs.command(show(context, done)).demandCommand(1, missingVerb),
  handler: () => undefined,
});
