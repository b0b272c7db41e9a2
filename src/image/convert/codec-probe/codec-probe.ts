import { mkdtemp, stat } from 'node:fs/promises';
import { release } from 'node:os';
import path from 'node:path';
import * as z from 'zod';
import { findContainerRuntime, type ContainerRuntime } from '../../../apptainer/container-runtime.ts';
import { startsImage } from '../../../apptainer/starts-image.ts';
import { findCacheDirectory } from '../../../support/files/cache-directory.ts';
import type { Context } from '../../../support/context.ts';
import { writeFileAtomically } from '../../../support/files/file-access.ts';
import { makeDirectory } from '../../../support/files/make-directory.ts';
import { readOwnText } from '../../../support/files/ownership.ts';
import { removeTree } from '../../../support/files/remove-tree.ts';
import type { Compression } from '../../../formats/squashfs/compression.ts';
import { probeProgram, writeProbeImage } from './probe-image.ts';

/** Read by every kernel and every squashfuse: an image that does not start with it does not fail for its codec. */
const readEverywhere: Compression = { codec: 'gzip', level: 6 };

const knownSchema = z.strictObject({
  /** What has read it or not: another runtime or kernel is asked anew. */
  host: z.string(),
  reads: z.boolean(),
});

type ProbeContext = Pick<Context, 'env' | 'cwd' | 'run' | 'signal'>;

/**
 * Looks whether the container runtime of this host reads a codec: it starts an image of some kilobytes, once for each
 * runtime and kernel; what came out is kept in the cache directory.
 *
 * @returns the runtime that does not. Undefined when it does, when there is none, and when it starts no image at all, so
 *   that the codec is not to blame.
 */
export async function runtimeThatRefuses(
  compression: Compression,
  context: ProbeContext,
): Promise<ContainerRuntime | undefined> {
  const runtime = await findContainerRuntime(context).catch(() => undefined);
  context.signal.throwIfAborted();
  if (runtime === undefined) {
    return undefined;
  }
  const directory = findCacheDirectory(context);
  const file = directory === undefined ? undefined : path.join(directory, `reads-${compression.codec}.json`);
  const host = await nameOf(runtime);
  const known = file === undefined ? undefined : await readKnown(file, host);
  const reads = known ?? (await probe(runtime, compression, context));
  if (file !== undefined && known === undefined && reads !== undefined) {
    await remember(file, { host, reads });
  }
  return reads === false ? runtime : undefined;
}

async function nameOf({ path: file, version }: ContainerRuntime): Promise<string> {
  return `${file} ${version} ${(await stat(file)).mtime.toISOString()} on Linux ${release()}`;
}

async function readKnown(file: string, host: string): Promise<boolean | undefined> {
  try {
    const known = knownSchema.parse(JSON.parse((await readOwnText(file)) ?? 'null'));
    return known.host === host ? known.reads : undefined;
  } catch {
    return undefined;
  }
}

async function remember(file: string, known: z.output<typeof knownSchema>): Promise<void> {
  try {
    await makeDirectory(path.dirname(file), 0o700);
    await writeFileAtomically(file, JSON.stringify(known));
  } catch {
    // A home that is full or read-only: it is tried again the next time.
  }
}

/** @returns undefined when nobody can tell. */
async function probe(
  runtime: ContainerRuntime,
  compression: Compression,
  context: ProbeContext,
): Promise<boolean | undefined> {
  const parent = context.env.TMPDIR ?? '/tmp';
  const directory = await mkdtemp(path.join(parent, 'hpc-gat-probe-')).catch(() => undefined);
  if (directory === undefined) {
    return undefined;
  }
  const starts = async (tried: Compression) => {
    const image = path.join(directory, `${tried.codec}.sif`);
    return (
      (await writeProbeImage(image, tried, context.signal)) &&
      (await startsImage(context, runtime, image, probeProgram)).exitCode === 0
    );
  };
  try {
    if (await starts(compression)) {
      return true;
    }
    return (await starts(readEverywhere)) ? false : undefined;
  } finally {
    await removeTree(directory);
  }
}
