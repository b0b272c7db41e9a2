import path from 'node:path';
import type { BuildReport } from '../image/build/build-image.ts';
import { UsageError } from '../support/errors.ts';
import { dryRunOption, jsonOption, withProjectOptions } from './common-options.ts';
import { defineVerb } from './verb.ts';

export const build = defineVerb({
  command: 'build [what]',
  summary: 'Build the images of server and client with Docker or Apptainer',
  options: (yargs) =>
    withProjectOptions(yargs)
      .positional('what', {
        choices: ['server', 'client', 'all'] as const,
        default: 'all' as const,
        describe: 'Image to build; all also installs the bundled model',
      })
      .option('with', {
        choices: ['docker', 'apptainer'] as const,
        requiresArg: true,
        describe: 'Builder [build.with, else Docker if its daemon answers, else Apptainer]',
      })
      .option('release', {
        type: 'string',
        requiresArg: true,
        describe: "Release of NVIDIA's Triton image for the server [build.release]",
      })
      .option('base', {
        type: 'string',
        requiresArg: true,
        describe: 'Base image: Docker name, make-sif source or SIF [build.*.base]',
      })
      .option('package-index', {
        type: 'string',
        requiresArg: true,
        describe: 'Package index for pip [build.packageIndex]',
      })
      .option('force', {
        type: 'boolean',
        default: false,
        describe: 'Build even if nothing has changed',
      })
      .option('dry-run', dryRunOption)
      .option('json', jsonOption)
      .example('$0 build server --release 24.05', "Build on NVIDIA's image of release 24.05")
      .example(
        '$0 build server --base triton.sif --with apptainer',
        'Build on an image of your own, without Docker',
      )
      .example('$0 build --dry-run', 'Print the commands instead of running them'),
  handle: async (args, context) => {
    const { loadProject } = await import('../config/load.ts');
    const { settingsFromFlags } = await import('./settings-from-flags.ts');
    const { buildImages, selectTargets } = await import('../image/build/build-images.ts');
    const { resolveBaseFile } = await import('../image/build/base.ts');
    const { installBundledModel } = await import('../model/bundled.ts');
    const { what, base, dryRun, force, json } = args;
    if (what === 'all' && base !== undefined) {
      throw new UsageError('--base is for one image, not for all', {
        fix: 'hpc-gat build server --base ...',
      });
    }
    const flags = settingsFromFlags([
      { flag: 'with', value: args.with, keys: ['build.with'] },
      { flag: 'release', value: args.release, keys: ['build.release'] },
      { flag: 'package-index', value: args.packageIndex, keys: ['build.packageIndex'] },
      { flag: 'base', value: base && resolveBaseFile(base, context.cwd), keys: [`build.${what}.base`] },
    ]);
    const project = await loadProject(context, { flags, configFile: args.config, site: args.site });
    const targets = selectTargets(what, project, context);
    const onBuilt = ({ target, line }: BuildReport) => {
      if (!json) {
        context.output.result(`${target}: ${line}`);
      }
    };
    const images = await buildImages(context, project, targets, { force, dryRun, onBuilt });
    const { repository, name: names } = project.settings.model;
    const [name = ''] = [names].flat();
    const place = () => installBundledModel(context, path.resolve(project.root, repository), name, dryRun);
    const model = what === 'all' ? { name, state: await place() } : undefined;
    if (json) {
      context.output.json({ images, ...(model !== undefined && { model }) });
    } else if (model !== undefined) {
      context.output.result(`model: ${path.join(repository, name)} ${model.state}`);
    }
    return 0;
  },
});
