import { dryRunOption, jsonOption, withProjectOptions } from './common-options.ts';
import { defineVerb } from './verb.ts';

export const makeSif = defineVerb({
  command: 'make-sif [source]',
  summary: 'Convert a Docker image to a SIF',
  options: (yargs) =>
    withProjectOptions(yargs)
      .positional('source', {
        type: 'string',
        describe: 'Image source or definition file [the images of hpc-gat.yaml]',
      })
      .option('output', {
        alias: 'o',
        type: 'string',
        requiresArg: true,
        describe: 'SIF to write [NAME_TAG.sif, or the image.file of hpc-gat.yaml]',
      })
      .option('compression', {
        type: 'string',
        requiresArg: true,
        describe: 'zstd:LEVEL, gzip:LEVEL, none or auto [image.compression, else auto]',
      })
      .option('block-size', {
        type: 'string',
        requiresArg: true,
        describe: 'Squashfs block size, 4K to 1M [image.blockSize, else 128K]',
      })
      .option('platform', {
        type: 'string',
        requiresArg: true,
        describe: 'Image platform, for example linux/arm64 [image.platform, else this host]',
      })
      .option('engine', {
        choices: ['native', 'apptainer'] as const,
        requiresArg: true,
        describe: 'Conversion engine [apptainer for a definition file, else native]',
      })
      .option('threads', {
        type: 'number',
        requiresArg: true,
        describe: 'Compression threads of the native engine [SLURM_CPUS_PER_TASK, else up to 4]',
      })
      .option('tmpdir', {
        type: 'string',
        requiresArg: true,
        describe: 'Directory for temporary files of Apptainer [that of the SIF]',
      })
      .option('max-size', {
        type: 'string',
        requiresArg: true,
        default: '1T',
        describe: 'Largest unpacked image the native engine accepts: K, M, G or T bytes',
      })
      .option('cache', {
        type: 'boolean',
        default: true,
        describe: 'Use the layer cache [cache.folder, cache.limit]',
      })
      .option('plain-http', {
        type: 'boolean',
        default: false,
        describe: 'Use a registry without TLS [registry.plainHttp]',
      })
      .option('build-arg', {
        type: 'string',
        array: true,
        requiresArg: true,
        describe: 'NAME=VALUE for a variable of a definition file; repeatable',
      })
      .option('force', { type: 'boolean', default: false, describe: 'Convert even if nothing has changed' })
      .option('verify', {
        type: 'boolean',
        default: false,
        describe: 'Verify the digest of an existing SIF before reporting it up to date',
      })
      .option('dry-run', dryRunOption)
      .option('json', jsonOption)
      .example('$0 make-sif', 'Convert the images of hpc-gat.yaml')
      .example(
        '$0 make-sif docker-daemon:triton:24.05 -o triton.sif',
        'Convert an image of the Docker daemon',
      )
      .example(
        '$0 make-sif docker-archive:triton.tar.gz',
        'Convert a file of `docker save`, compressed or not',
      )
      .example(
        '$0 make-sif docker-archive:two.tar@sha256:DIGEST',
        'Select one of several unnamed images by its digest',
      )
      .example(
        '$0 make-sif defs/mine.def --build-arg BASE=debian:13',
        'Build a definition file with Apptainer',
      )
      .example('$0 make-sif docker://ghcr.io/me/triton:24.05', 'Convert an image of a registry')
      .example(
        '$0 make-sif docker://ghcr.io/me/triton:24.05 --platform linux/arm64',
        'Convert an image for nodes of another architecture',
      ),
  handle: async (args, context) => {
    const { makeSifs } = await import('../image/make/make-sifs.ts');
    await makeSifs(args, context);
    return 0;
  },
});
