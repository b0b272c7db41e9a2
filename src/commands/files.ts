import { defineVerb } from './verb.ts';

export const files = defineVerb({
  command: 'files',
  summary: 'Print the directory of bundled models, definitions, profiles and docs',
  options: (yargs) => yargs.example('cp -r "$($0 files)/models" .', 'Copy the bundled model gat_test'),
  handle: async (_args, context) => {
    const { getPackageDirectory } = await import('../support/package/package-files.ts');
    context.output.result(await getPackageDirectory(context));
    return 0;
  },
});
