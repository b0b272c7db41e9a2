import { symlink } from 'node:fs/promises';
import path from 'node:path';
import { buildSif } from '../apptainer/build.ts';
import { findContainerRuntime, type ContainerRuntime } from '../apptainer/command.ts';
import { inspectSif } from '../apptainer/inspect.ts';
import { findDockerEndpoint } from '../docker/endpoint.ts';
import type { Context } from '../support/context.ts';
import { UsageError } from '../support/errors.ts';
import { checkLayers } from './archive-layers.ts';
import type { Compression } from './compression.ts';
import type { ConversionProgress, ConversionStage, ConversionWatch, SifEngine } from './engine.ts';
import { readDockerArchive } from './docker-archive.ts';
import type { DockerArchiveSource, ImageSource } from './source.ts';

/** The lines by which Apptainer and SingularityCE announce what they do, as stages. */
const announcements: readonly (readonly [start: string, ConversionStage, message: string])[] = [
  ['Fetching OCI image', 'fetch', 'reading the layers'],
  ['Extracting OCI image', 'unpack', 'unpacking the layers'],
  ['Inserting', 'other', 'adding the files that a container needs'],
  ['Creating SIF file', 'compress', 'compressing the file system'],
];

/** Converts with the `apptainer build` (or `singularity build`) of this host. */
export function apptainerEngine(context: Pick<Context, 'env' | 'run' | 'signal'>): SifEngine {
  let found: Promise<ContainerRuntime> | undefined;
  const runtime = () => (found ??= findContainerRuntime(context));
  return {
    name: 'apptainer',
    version: async () => {
      const { name, version } = await runtime();
      return name === 'apptainer' ? version : `${name} ${version}`;
    },
    convert: async ({ source, output, scratch, compression }, { onProgress, onWarning, onChild, signal }) => {
      if (source.kind === 'docker-archive') {
        await checkArchive(source, onProgress, signal);
      }
      await buildSif(context, await runtime(), {
        source: await runtimeSource(source, scratch),
        output,
        mksquashfsArgs: mksquashfsArgs(compression),
        tmpDir: scratch,
        dockerHost: source.kind === 'docker-daemon' ? (await findDockerEndpoint(context.env)).url : undefined,
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
      onProgress({ stage: 'other', message: 'inspecting the result' });
      await inspectSif({ ...context, signal }, await runtime(), output);
    },
  };
}

/** What Apptainer does not: it takes the first of several images, and damaged layers as they are. */
async function checkArchive(
  { file, reference }: DockerArchiveSource,
  onProgress: ConversionWatch['onProgress'],
  signal: AbortSignal,
): Promise<void> {
  const { images, layers } = await readDockerArchive(file, reference);
  if (images > 1) {
    throw new UsageError(`Apptainer converts only archives of one image; ${file} holds ${images}`, {
      fix: 'save the one that you want: `docker save -o FILE NAME`',
    });
  }
  const totalBytes = layers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let doneBytes = 0;
  const onBytes = (bytes: number) => {
    doneBytes += bytes;
    onProgress({ stage: 'fetch', message: 'checking the digests of the layers', doneBytes, totalBytes });
  };
  await checkLayers(file, layers, onBytes, signal);
}

/** In Apptainer's form, which knows no references in archives and takes a colon for the end of the file's name. */
async function runtimeSource(source: ImageSource, scratch: string): Promise<string> {
  if (source.kind === 'docker-daemon') {
    return `docker-daemon:${source.name}`;
  }
  if (!source.file.includes(':')) {
    return `docker-archive:${source.file}`;
  }
  const alias = path.join(scratch, 'archive.tar');
  await symlink(source.file, alias);
  return `docker-archive:${alias}`;
}

/** mksquashfs(1): a codec without a level would mean its slow default, 15 for zstd and 9 for gzip. */
function mksquashfsArgs(compression: Compression): string {
  return compression.codec === 'none'
    ? '-noI -noD -noF -noX'
    : `-comp ${compression.codec} -Xcompression-level ${compression.level}`;
}

function progressOf(line: string): ConversionProgress | undefined {
  const said = /^INFO:\s+(.*)$/.exec(line)?.[1];
  const known = announcements.find(([start]) => said?.startsWith(start) === true);
  return known && { stage: known[1], message: known[2] };
}
