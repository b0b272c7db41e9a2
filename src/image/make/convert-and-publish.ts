import { chmod, open, rename, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import type { Context } from '../../support/context.ts';
import { formatBytes } from '../../support/text/amounts.ts';
import { HpcGatError, isOutOfSpace, getErrorMessage } from '../../support/errors.ts';
import { FileThreads } from '../../support/threads/file-threads.ts';
import { formatCompression } from '../../formats/squashfs/compression.ts';
import type { SifEngine } from '../convert/engine.ts';
import type { IdentifiedImage } from '../source/identify-image.ts';
import { checkUnchanged, explainFailure } from './check-unchanged.ts';
import type { MakeSifRequest } from './request.ts';
import { warnAboutImage } from './image-warnings.ts';
import { showProgress } from './progress.ts';
import { writeSifManifest, type SifManifest } from './sif-manifest.ts';
import { formatSource } from '../source/source.ts';
import { verifySif, type SifFacts } from './verify.ts';
import { createTempDir, toNoSpaceError, type TempDir } from './temp-dir.ts';

/** Size of a SIF relative to its unpacked layers: programs and libraries usually take a third. */
const compressedShare = 0.5;

/** Converts an image, verifies the SIF, and publishes it with its manifest. The caller holds the lock of the output. */
export async function convertAndPublish(
  request: MakeSifRequest,
  engine: SifEngine,
  image: IdentifiedImage,
  context: Context,
): Promise<SifManifest> {
  const { source, output, compression, blockBytes, tempParent } = request;
  const { signal, clock } = context;
  const engineVersion = await engine.version();
  const startedAt = clock.now();
  const tempDir = await createTempDir(output, tempParent, engine.tempFactor > 0);
  const progress = showProgress(context, { ...request.progress, file: output });
  // The main thread helps at the end.
  const fileThreads = new FileThreads(Math.max(1, engine.threads - 1), signal);
  try {
    await warnOfLittleSpace(request, engine, image, context);
    const { sif, engineDir } = tempDir;
    const converted = await engine.convert(
      { opened: image.opened, output: sif, tempDir: engineDir, compression, blockBytes },
      {
        onProgress: progress.update,
        onWarning: progress.warn,
        onChild: tempDir.noteChild,
        fileThreads,
        signal,
      },
    );
    progress.update({ stage: 'other', message: 'checking the result' });
    const description = image.image ?? converted.image;
    if (description === undefined) {
      throw new Error(`${engine.name} returned no description of ${formatSource(source)}`);
    }
    const { architecture } = description;
    const facts = await verifySif(sif, { compression, architecture });
    const [sha256] = await fileThreads.helpWith(
      Promise.all([
        hashAndFlush(sif, facts, fileThreads),
        warnAboutImage(sif, facts.architecture, description, progress.warn),
        checkUnchanged(source, image, context),
        converted.checked?.(),
      ]),
    );
    const record: SifManifest = {
      schemaVersion: 1,
      source: formatSource(source),
      identity: image.identity,
      sha256,
      sizeBytes: facts.sizeBytes,
      architecture: facts.architecture,
      compression: formatCompression(compression),
      blockSizeBytes: facts.superblock.blockSizeBytes,
      engine: { name: engine.name, version: engineVersion },
      createdAt: clock.now().toISOString(),
      durationMs: clock.now().getTime() - startedAt.getTime(),
      image: description,
    };
    await publish(tempDir, output, record, signal);
    return record;
  } catch (error) {
    signal.throwIfAborted();
    const noSpace = toNoSpaceError(path.dirname(path.dirname(tempDir.engineDir)), error);
    throw noSpace ?? (await explainFailure(error, source, image, context));
  } finally {
    progress.end();
    fileThreads.close();
    await tempDir.remove();
  }
}

/** Warns once if a directory has too little free space for temporary files or for the result. */
async function warnOfLittleSpace(
  { output, tempParent, compression }: MakeSifRequest,
  { tempFactor }: SifEngine,
  { layersBytes }: IdentifiedImage,
  context: Context,
): Promise<void> {
  const beside = path.dirname(output);
  const places = [
    {
      directory: tempParent ?? beside,
      needed: layersBytes * tempFactor,
      fix: 'choose another directory with --tmpdir',
    },
    {
      directory: beside,
      needed: layersBytes * (compression.codec === 'none' ? 1 : compressedShare),
      fix: 'choose another file with -o FILE',
    },
  ];
  for (const { directory, needed, fix } of places) {
    const { bavail, bsize } = needed > 0 ? await statfs(directory) : { bavail: Infinity, bsize: 1 };
    if (bavail * bsize < needed) {
      context.output.warn(
        `${directory} has ${formatBytes(bavail * bsize)} free, but the conversion may need ${formatBytes(needed)}; ${fix}`,
      );
      return;
    }
  }
}

/** Hashes the whole file while the system flushes it to disk. */
async function hashAndFlush(sif: string, { sizeBytes }: SifFacts, fileThreads: FileThreads): Promise<string> {
  // A SIF is a program: every user who can read it, by the umask, may execute it, but only its owner may change it.
  const { mode } = await stat(sif);
  await chmod(sif, (mode | ((mode & 0o444) >> 2)) & 0o755);
  const handle = await open(sif, 'r');
  try {
    const [digest] = await Promise.all([
      fileThreads.sha256({ file: sif, start: 0, length: sizeBytes }),
      handle.sync(),
    ]);
    return digest;
  } finally {
    await handle.close();
  }
}

/**
 * Publishes a SIF. The manifest is written first: if this process dies before the SIF is renamed, the manifest does
 * not match the old file, and the next run converts again.
 */
async function publish(
  { sif }: TempDir,
  output: string,
  record: SifManifest,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const restoreRecord = await writeSifManifest(output, record);
  try {
    await rename(sif, output);
  } catch (cause) {
    await restoreRecord();
    throw isOutOfSpace(cause)
      ? cause
      : new HpcGatError(`${output} cannot be replaced: ${getErrorMessage(cause)}`, {
          fix: 'check what exists there, or choose another file: -o FILE',
          cause,
        });
  }
}
