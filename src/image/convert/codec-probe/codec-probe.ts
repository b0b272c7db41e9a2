import { mkdtemp, stat } from 'node:fs/promises';
import { release } from 'node:os';
import path from 'node:path';
import * as z from 'zod';
import { findContainerRuntime, type ContainerRuntime } from '../../../apptainer/container-runtime.ts';
import { runInImage } from '../../../apptainer/starts-image.ts';
import { findCacheDirectory } from '../../../support/files/cache-directory.ts';
import type { Context } from '../../../support/context.ts';
import { writeFileAtomically } from '../../../support/files/file-access.ts';
import { makeDirectory } from '../../../support/files/make-directory.ts';
import { readOwnText } from '../../../support/files/ownership.ts';
import { removeTree } from '../../../support/files/remove-tree.ts';
import type { Compression } from '../../../formats/squashfs/compression.ts';
import { probeProgram, writeProbeImage } from './probe-image.ts';

/**
 * Codec that every kernel and every squashfuse reads: if an image with it does not start, the codec is not the cause.
 */
const readEverywhere: Compression = { codec: 'gzip', level: 6 };

const knownSchema = z.strictObject({
  /** Runtime and kernel that the result applies to; for others the probe is repeated. */
  host: z.string(),
  reads: z.boolean(),
});

type ProbeContext = Pick<Context, 'env' | 'cwd' | 'run' | 'signal'>;

/**
 * Tests whether the container runtime of this host reads a codec, by starting an image of some kilobytes. The result
 * is cached for each runtime and kernel.
 *
 * @returns the runtime if it does not read the codec. Undefined if it does, if there is no runtime, or if it starts
 *   no image at all.
 */
export async function findRuntimeWithoutCodec(
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
    // If the home directory is full or read-only, the probe is repeated next time.
  }
}

/** @returns undefined if the result is unknown. */
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
      (await runInImage(context, runtime, image, probeProgram)).exitCode === 0
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
