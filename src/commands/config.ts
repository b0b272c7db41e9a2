import { jsonOption } from './common-options.ts';
import { withJobOptions, withRunOptions } from './run-options.ts';
import { defineVerb, missingVerb, type BindVerb } from './verb.ts';

const show = defineVerb({
  command: 'show',
  summary: 'Print every setting and where its value comes from',
  options: (yargs) =>
    withJobOptions(withRunOptions(yargs))
      .option('json', jsonOption)
      .example('$0 config show --gpu', 'Print the settings that submit --gpu uses')
      .example('$0 config show --site lab --partition long', 'Add options of submit'),
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

/** The verb `config`, which shows settings. */
export const config: BindVerb = (context, done) => ({
  command: 'config',
  describe: 'Show the settings of this project',
  builder: (yargs) => yargs.command(show(context, done)).demandCommand(1, missingVerb),
  handler: () => undefined,
});
