import path from 'node:path';
import { runApptainerBuild } from '../../apptainer/apptainer-build.ts';
import { findContainerRuntime, type ContainerRuntime } from '../../apptainer/container-runtime.ts';
import { inspectSif } from '../../apptainer/inspect.ts';
import { findDockerEndpoint } from '../../docker/endpoint.ts';
import type { Context } from '../../support/context.ts';
import type { Compression } from '../../formats/squashfs/compression.ts';
import type { ConversionProgress, ConversionStage } from './conversion-watch.ts';
import type { SifEngine } from './engine.ts';
import { hostPlatform } from '../source/platform.ts';
import { getRegistryReach } from '../build/definition/identify-definition.ts';
import { prepareRuntimeSource } from '../source/runtime-source.ts';
import type { OpenedSource } from '../source/opened-source.ts';
import type { ImageSource } from '../source/source.ts';

/**
 * Disk space per byte of the unpacked layers: layers and their unpacked copy exist at the same time (measured: 1.8 to
 * 1.9 times).
 */
const tempFactor = 2;

/** Output lines by which Apptainer and SingularityCE announce their steps, and the stages that they mean. */
const announcements: readonly (readonly [start: string, ConversionStage, message: string])[] = [
  ['Fetching OCI image', 'fetch', 'reading the layers'],
  ['Extracting OCI image', 'unpack', 'unpacking the layers'],
  ['Starting build', 'fetch', 'fetching the image'],
  ['Extracting local image', 'unpack', 'unpacking the image that the definition starts from'],
  ['Copying', 'other', 'copying %files'],
  ['Running post scriptlet', 'other', 'running %post'],
  ['Running testscript', 'other', 'running %test'],
  ['Inserting', 'other', 'adding the files that a container needs'],
  ['Creating SIF file', 'compress', 'compressing the file system'],
];

/** Converts with the `apptainer build` (or `singularity build`) of this host. */
export function createApptainerEngine(context: Pick<Context, 'env' | 'run' | 'clock' | 'signal'>): SifEngine {
  let found: Promise<ContainerRuntime> | undefined;
  const runtime = () => (found ??= findContainerRuntime(context));
  return {
    name: 'apptainer',
    tempFactor,
    threads: 1,
    version: async () => {
      const { name, version } = await runtime();
      return name === 'apptainer' ? version : `${name} ${version}`;
    },
    convert: async (
      { opened, output, tempDir, compression, blockBytes },
      { onProgress, onWarning, onChild, signal },
    ) => {
      const { source } = opened;
      await runApptainerBuild(context, await runtime(), {
        source: await prepareRuntimeSource(opened, tempDir, { onProgress, onWarning, signal }, context),
        output,
        mksquashfsArgs: `${mksquashfsArgs(compression)} -b ${blockBytes}`,
        tempDir,
        // Relative paths in a definition file are resolved against its directory.
        workingDirectory: source.kind === 'definition' ? path.dirname(source.file) : tempDir,
        architecture: findOtherArchitecture(source),
        buildArguments: source.kind === 'definition' ? source.buildArguments : {},
        ...(source.kind === 'definition'
          ? await getRegistryReach(source)
          : { plainHttp: false, withLogins: true }),
        dockerHost: await dockerHostFor(opened, context.env),
        onStart: onChild,
        onLine: (line) => {
          const progress = progressOf(line);
          if (progress !== undefined) {
            onProgress(progress);
          }
          if (line.startsWith('WARNING:')) {
            onWarning(line.replace(/^WARNING:\s*/, ''));
          }
        },
        signal,
      });
      // Apptainer cannot open images of another architecture.
      if (findOtherArchitecture(source) === undefined) {
        onProgress({ stage: 'other', message: 'inspecting the result' });
        await inspectSif({ ...context, signal }, await runtime(), output);
      }
      return {};
    },
  };
}

/** Returns the requested architecture if it is not this host's. */
function findOtherArchitecture(source: ImageSource): string | undefined {
  const architecture = source.kind === 'definition' ? undefined : source.platform?.architecture;
  return architecture === hostPlatform().architecture ? undefined : architecture;
}

async function dockerHostFor(opened: OpenedSource, env: Context['env']): Promise<string | undefined> {
  switch (opened.kind) {
    case 'docker-daemon':
      return opened.endpoint.url;
    case 'definition':
      // A definition may start from an image of the daemon. Most do not, and then an unusable daemon does not matter.
      return findDockerEndpoint(env).then(
        ({ url }) => url,
        () => undefined,
      );
    default:
      return undefined;
  }
}

/** Formats mksquashfs(1) options. Without a level, mksquashfs would use its slow default: 15 for zstd, 9 for gzip. */
function mksquashfsArgs(compression: Compression): string {
  switch (compression.codec) {
    case 'none':
      return '-noI -noD -noF -noX';
    case 'gzip':
    case 'zstd':
      return `-comp ${compression.codec} -Xcompression-level ${compression.level}`;
  }
}

function progressOf(line: string): ConversionProgress | undefined {
  const announcement = /^INFO:\s+(.*)$/.exec(line)?.[1];
  const known = announcements.find(([start]) => announcement?.startsWith(start) === true);
  return known && { stage: known[1], message: known[2] };
}
