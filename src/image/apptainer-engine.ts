import { symlink } from 'node:fs/promises';
import path from 'node:path';
import { buildSif } from '../apptainer/build.ts';
import { findContainerRuntime, type ContainerRuntime } from '../apptainer/command.ts';
import { inspectSif } from '../apptainer/inspect.ts';
import { findDockerEndpoint } from '../docker/endpoint.ts';
import type { Context } from '../support/context.ts';
import { UsageError } from '../support/errors.ts';
import type { Compression } from './compression.ts';
import type { ConversionProgress, ConversionStage, SifEngine } from './engine.ts';
import { readDockerArchive } from './docker-archive.ts';
import type { ImageSource } from './source.ts';

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

/** In Apptainer's form, which knows no references in archives and takes a colon for the end of the file's name. */
async function runtimeSource(source: ImageSource, scratch: string): Promise<string> {
  if (source.kind === 'docker-daemon') {
    return `docker-daemon:${source.name}`;
  }
  if ((await readDockerArchive(source.file, source.reference)).images > 1) {
    throw new UsageError(`Apptainer converts only archives of one image; ${source.file} holds several`, {
      fix: 'save the one that you want: `docker save -o FILE NAME`',
    });
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
