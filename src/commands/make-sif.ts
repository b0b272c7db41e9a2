import path from 'node:path';
import { defineVerb } from './verb.ts';

export const makeSif = defineVerb({
  command: 'make-sif <source>',
  summary: 'Turn a Docker image into a SIF that Apptainer runs',
  options: (yargs) =>
    yargs
      .positional('source', {
        type: 'string',
        demandOption: true,
        describe: 'docker-daemon:NAME[:TAG] or docker-archive:FILE[:NAME:TAG]',
      })
      .option('output', {
        alias: 'o',
        type: 'string',
        requiresArg: true,
        describe: 'The SIF to write; NAME_TAG.sif here when not named',
      })
      .option('compression', {
        type: 'string',
        requiresArg: true,
        default: 'auto',
        describe: 'auto, zstd:LEVEL, gzip:LEVEL or none',
      })
      .option('tmpdir', {
        type: 'string',
        requiresArg: true,
        describe: 'Folder for temporary files, twice the size of the image; beside the SIF when not named',
      })
      .option('force', { type: 'boolean', default: false, describe: 'Convert even when nothing has changed' })
      .option('verify', {
        type: 'boolean',
        default: false,
        describe: 'Hash the SIF that is there before calling it up to date',
      })
      .option('dry-run', { type: 'boolean', default: false, describe: 'Say what would be done, and stop' })
      .option('json', { type: 'boolean', default: false, describe: 'Report as one JSON document' })
      .example('$0 make-sif docker-daemon:triton:24.05 -o triton.sif', 'An image of this machine')
      .example('$0 make-sif docker-archive:triton.tar', 'A file of `docker save`'),
  handle: async (args, context) => {
    const { makeSif: make } = await import('../image/make-sif.ts');
    const { apptainerEngine } = await import('../image/apptainer-engine.ts');
    const { parseCompression } = await import('../image/compression.ts');
    const { defaultOutputName, parseSource } = await import('../image/source.ts');
    const { describeResult } = await import('../image/describe-result.ts');
    const source = parseSource(args.source, context.cwd);
    const { APPTAINER_TMPDIR, SINGULARITY_TMPDIR } = context.env;
    const tmpDir = [args.tmpdir, APPTAINER_TMPDIR, SINGULARITY_TMPDIR].find((name) => (name ?? '') !== '');
    const result = await make(
      {
        source,
        output: path.resolve(context.cwd, args.output ?? defaultOutputName(source)),
        compression: parseCompression(args.compression),
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
