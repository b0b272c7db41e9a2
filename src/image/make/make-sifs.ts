import path from 'node:path';
import { loadProject } from '../../config/load.ts';
import type { Context } from '../../support/context.ts';
import { UsageError } from '../../support/errors.ts';
import { chooseCompression } from '../convert/automatic-compression.ts';
import { parseBlockSize } from '../../formats/squashfs/block-size.ts';
import { getCacheConfig, getTrustedCacheConfig } from '../convert/cache/cache-config.ts';
import { formatResult } from './format-result.ts';
import { createEngine, type EngineName } from '../convert/engines.ts';
import { parseSize } from '../convert/limits.ts';
import { makeSif } from './make-sif.ts';
import type { ImageSource } from '../source/source.ts';
import { listConfiguredImages, selectPlatform, parseRequestedImage } from './requested-images.ts';

/** Options of `make-sif`. */
export interface MakeSifsOptions extends SourceOptions {
  readonly config?: string | undefined;
  readonly site?: string | undefined;
  /** Source; the images of hpc-gat.yaml if undefined. */
  readonly source?: string | undefined;
  readonly output?: string | undefined;
  readonly compression?: string | undefined;
  readonly blockSize?: string | undefined;
  readonly platform?: string | undefined;
  readonly engine?: EngineName | undefined;
  readonly threads?: number | undefined;
  readonly tmpdir?: string | undefined;
  readonly maxSize: string;
  readonly cache: boolean;
  readonly force: boolean;
  readonly verify: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
}

interface SourceOptions {
  readonly plainHttp: boolean;
  readonly buildArg?: readonly string[] | undefined;
}

/** Makes the requested SIFs one after the other, and prints the result of each. */
export async function makeSifs(options: MakeSifsOptions, context: Context): Promise<void> {
  const project = await loadProject(context, { configFile: options.config, site: options.site });
  const wanted =
    options.source === undefined
      ? listConfiguredImages(project)
      : [parseRequestedImage(options.source, project.settings, context.cwd)];
  if (wanted.length > 1 && options.output !== undefined) {
    throw new UsageError(`-o names one file, but hpc-gat.yaml has ${wanted.length} images`, {
      fix: 'give the SOURCE too, or set image.file and client.image.file',
    });
  }
  const { APPTAINER_TMPDIR, SINGULARITY_TMPDIR } = context.env;
  const tmpDir = [options.tmpdir, APPTAINER_TMPDIR, SINGULARITY_TMPDIR].find((name) => (name ?? '') !== '');
  const engineOptions = {
    name: options.engine,
    threads: options.threads,
    maxBytes: parseSize(options.maxSize),
    cache: options.cache
      ? await getTrustedCacheConfig(getCacheConfig(project.settings.cache, context), context)
      : undefined,
  };
  const results = [];
  for (const { source, file, compression, blockSize } of wanted) {
    const result = await makeSif(
      {
        source: withOptions(selectPlatform(source, options.platform), options),
        output: path.resolve(context.cwd, options.output ?? file),
        compression: await chooseCompression(
          options.compression ?? compression,
          project.siteCompression,
          context,
        ),
        blockBytes: parseBlockSize(options.blockSize ?? blockSize),
        ...(tmpDir !== undefined && { tempParent: path.resolve(context.cwd, tmpDir) }),
        force: options.force,
        verify: options.verify,
        anyEngine: options.engine === undefined,
        progress: { named: wanted.length > 1, events: options.json },
        dryRun: options.dryRun,
      },
      await createEngine(source, engineOptions, context),
      context,
    );
    results.push(result);
    if (!options.json) {
      context.output.result(formatResult(result, context.cwd));
    }
  }
  if (options.json) {
    context.output.json(options.source === undefined ? results : results[0]);
  }
}

function withOptions(source: ImageSource, { plainHttp, buildArg = [] }: SourceOptions): ImageSource {
  if (source.kind === 'definition') {
    const buildArguments = Object.fromEntries(buildArg.map(nameAndValue));
    return { ...source, buildArguments, allowsPlaintextLogin: plainHttp };
  }
  if (buildArg.length > 0) {
    throw new UsageError('--build-arg applies only to definition files', {
      fix: 'run hpc-gat make-sif FILE.def',
    });
  }
  return source.kind === 'docker' && plainHttp
    ? { ...source, plainHttp, allowsPlaintextLogin: true }
    : source;
}

function nameAndValue(text: string): [string, string] {
  const [, name, value] = /^(\w+)=([^]*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new UsageError(`--build-arg "${text}" is not NAME=VALUE`, { fix: 'write --build-arg NAME=VALUE' });
  }
  return [name, value];
}
