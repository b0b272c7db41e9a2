import { dryRunOption, jsonOption, withProjectOptions } from './common-options.ts';
import { defineVerb } from './verb.ts';

export const makeSif = defineVerb({
  command: 'make-sif [source]',
  summary: 'Turn a Docker image into a SIF that Apptainer runs',
  options: (yargs) =>
    withProjectOptions(yargs)
      .positional('source', {
        type: 'string',
        describe:
          'docker-daemon:NAME[:TAG], docker-archive:FILE[:NAME:TAG], oci:DIRECTORY[:TAG], oci-archive:FILE[:TAG], docker://[HOST/]NAME[:TAG] or DEFINITION.def; files and directories also with @sha256:DIGEST; default: the images of hpc-gat.yaml',
      })
      .option('output', {
        alias: 'o',
        type: 'string',
        requiresArg: true,
        describe:
          'The SIF to write; NAME_TAG.sif here when not named, image.file and client.image.file when SOURCE is not',
      })
      .option('compression', {
        type: 'string',
        requiresArg: true,
        describe:
          'zstd:LEVEL, gzip:LEVEL, none or auto: what the site says, else zstd:3 where this host reads it [image.compression, else auto]',
      })
      .option('block-size', {
        type: 'string',
        requiresArg: true,
        describe:
          'Of the blocks of the file system, 4K to 1M: larger ones are smaller together and slower to read from [image.blockSize, else 128K]',
      })
      .option('platform', {
        type: 'string',
        requiresArg: true,
        describe: 'What the image has to be for, as linux/arm64 [image.platform, else this host]',
      })
      .option('engine', {
        choices: ['native', 'apptainer'] as const,
        describe: 'Who converts: hpc-gat itself, or Apptainer [apptainer for a definition file, else native]',
      })
      .option('threads', {
        type: 'number',
        requiresArg: true,
        describe: 'Blocks compressed at once by the native engine [SLURM_CPUS_PER_TASK, else up to 4]',
      })
      .option('tmpdir', {
        type: 'string',
        requiresArg: true,
        describe:
          'Directory for the temporary files of Apptainer, twice the size of the image; beside the SIF when not named. The native engine has none',
      })
      .option('max-size', {
        type: 'string',
        requiresArg: true,
        default: '1T',
        describe: 'Largest image that the native engine takes, unpacked: K, M, G or T bytes',
      })
      .option('cache', {
        type: 'boolean',
        default: true,
        describe:
          'Take layers that were converted before, and keep new ones [cache.folder, cache.limit]; --no-cache does neither',
      })
      .option('plain-http', {
        type: 'boolean',
        default: false,
        describe: 'Talk to the registry of docker:// without encryption [registry.plainHttp]',
      })
      .option('build-arg', {
        type: 'string',
        array: true,
        requiresArg: true,
        describe: 'NAME=VALUE for a variable of a definition file; repeatable',
      })
      .option('force', { type: 'boolean', default: false, describe: 'Convert even when nothing has changed' })
      .option('verify', {
        type: 'boolean',
        default: false,
        describe: 'Hash the SIF that is there before calling it up to date',
      })
      .option('dry-run', dryRunOption)
      .option('json', jsonOption)
      .example('$0 make-sif', 'The images of hpc-gat.yaml: of the server, and of the client where it has one')
      .example('$0 make-sif docker-daemon:triton:24.05 -o triton.sif', 'An image of this machine')
      .example('$0 make-sif docker-archive:triton.tar.gz', 'A file of `docker save`, compressed or not')
      .example(
        '$0 make-sif docker-archive:two.tar@sha256:DIGEST',
        'Select one of several unnamed images by its digest',
      )
      .example('$0 make-sif defs/mine.def --build-arg BASE=debian:13', 'A definition file of Apptainer')
      .example('$0 make-sif docker://ghcr.io/me/triton:24.05', 'An image of a registry')
      .example(
        '$0 make-sif docker://ghcr.io/me/triton:24.05 --platform linux/arm64',
        'The same for other nodes',
      ),
  handle: async (args, context) => {
    const { makeSifs } = await import('../image/make/make-sifs.ts');
    await makeSifs(args, context);
    return 0;
  },
});
