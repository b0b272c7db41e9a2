import path from 'node:path';
import { UsageError } from '../support/errors.ts';
import { withProjectOptions } from './run-options.ts';
import { defineVerb } from './verb.ts';

export const makeSif = defineVerb({
  command: 'make-sif [source]',
  summary: 'Turn a Docker image into a SIF that Apptainer runs',
  options: (yargs) =>
    withProjectOptions(yargs)
      .positional('source', {
        type: 'string',
        describe:
          'docker-daemon:NAME[:TAG], docker-archive:FILE, oci:FOLDER[:TAG], oci-archive:FILE[:TAG] or docker://[HOST/]NAME[:TAG]; image.source when not named',
      })
      .option('output', {
        alias: 'o',
        type: 'string',
        requiresArg: true,
        describe: 'The SIF to write; NAME_TAG.sif here when not named, image.file when SOURCE is not',
      })
      .option('compression', {
        type: 'string',
        requiresArg: true,
        describe: 'auto, zstd:LEVEL, gzip:LEVEL or none [image.compression, else auto]',
      })
      .option('tmpdir', {
        type: 'string',
        requiresArg: true,
        describe: 'Folder for temporary files, twice the size of the image; beside the SIF when not named',
      })
      .option('plain-http', {
        type: 'boolean',
        default: false,
        describe: 'Talk to the registry of docker:// without encryption',
      })
      .option('force', { type: 'boolean', default: false, describe: 'Convert even when nothing has changed' })
      .option('verify', {
        type: 'boolean',
        default: false,
        describe: 'Hash the SIF that is there before calling it up to date',
      })
      .option('dry-run', { type: 'boolean', default: false, describe: 'Say what would be done, and stop' })
      .option('json', { type: 'boolean', default: false, describe: 'Report as one JSON document' })
      .example('$0 make-sif', 'The image of hpc-gat.yaml')
      .example('$0 make-sif docker-daemon:triton:24.05 -o triton.sif', 'An image of this machine')
      .example('$0 make-sif docker-archive:triton.tar', 'A file of `docker save`')
      .example('$0 make-sif docker://ghcr.io/me/triton:24.05', 'An image of a registry'),
  handle: async (args, context) => {
    const { makeSif: make } = await import('../image/make-sif.ts');
    const { apptainerEngine } = await import('../image/apptainer-engine.ts');
    const { parseCompression } = await import('../image/compression.ts');
    const { defaultOutputName, parseSource } = await import('../image/source.ts');
    const { describeResult } = await import('../image/describe-result.ts');
    const { loadProject } = await import('../config/load.ts');
    const { root, settings } = await loadProject(context, { configFile: args.config, site: args.site });
    const { source: named, file } =
      args.source === undefined
        ? {
            source: parseSource(sourceOf(settings.image), root),
            file: path.resolve(root, settings.image.file),
          }
        : { source: parseSource(args.source, context.cwd), file: undefined };
    const source = named.kind === 'docker' ? { ...named, plainHttp: args.plainHttp } : named;
    const { APPTAINER_TMPDIR, SINGULARITY_TMPDIR } = context.env;
    const tmpDir = [args.tmpdir, APPTAINER_TMPDIR, SINGULARITY_TMPDIR].find((name) => (name ?? '') !== '');
    const result = await make(
      {
        source,
        output: path.resolve(context.cwd, args.output ?? file ?? defaultOutputName(source)),
        compression: parseCompression(args.compression ?? settings.image.compression),
        ...(tmpDir !== undefined && { tmpDir: path.resolve(context.cwd, tmpDir) }),
        force: args.force,
        verify: args.verify,
        dryRun: args.dryRun,
      },
      apptainerEngine(context),
      context,
    );
    if (args.json) {
      context.output.json(result);
    } else {
      context.output.result(describeResult(result, context.cwd));
    }
    return 0;
  },
});

function sourceOf({ source }: { source?: string | undefined }): string {
  if (source === undefined) {
    throw new UsageError('no SOURCE, and no image.source in hpc-gat.yaml', {
      fix: 'hpc-gat make-sif docker-daemon:NAME -o FILE, or set image.source',
    });
  }
  return source;
}
