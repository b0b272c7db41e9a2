import { stat } from 'node:fs/promises';
import { UsageError } from '../../support/errors.ts';
import { explainConcern, isOwn } from '../../support/files/ownership.ts';
import { formatBlockSize } from '../../formats/squashfs/block-size.ts';
import { formatCompression } from '../../formats/squashfs/compression.ts';
import type { IdentifiedImage, SourceIdentity } from '../source/identify-image.ts';
import type { MakeSifRequest, MakeSifResult } from './request.ts';
import { isIntact, readSifManifest } from './sif-manifest.ts';
import { formatPlatform, matchesPlatform } from '../source/platform.ts';
import { formatSource } from '../source/source.ts';

/**
 * Returns whether the existing SIF is the requested one.
 *
 * @param image current state of the source.
 * @throws {UsageError} if the file is something else.
 */
export async function checkUpToDate(
  request: MakeSifRequest,
  engineName: string,
  { identity, image }: IdentifiedImage,
  signal: AbortSignal,
): Promise<MakeSifResult> {
  const {
    output: file,
    source,
    compression,
    blockBytes,
    force = false,
    anyEngine = false,
    verify = false,
  } = request;
  const would = (reason: string): MakeSifResult => ({ state: 'would be made', file, reason });
  const there = await stat(file).catch(() => undefined);
  if (there?.isDirectory() === true) {
    throw new UsageError(`${file} is a directory`, { fix: `name a file in it: -o ${file}/NAME.sif` });
  }
  if (there === undefined || force) {
    return would(there === undefined ? 'it does not exist yet' : 'forced');
  }
  const concern = await explainConcern(there, { file });
  if (concern !== undefined && !isOwn(there)) {
    throw new UsageError(`${file} already exists, but ${concern}, so its content cannot be trusted`, {
      fix: 'replace it with --force, or choose another file with -o FILE',
    });
  }
  const record = await readSifManifest(file);
  if (record === undefined) {
    throw new UsageError(`${file} already exists, but has no manifest of make-sif`, {
      fix: 'replace it with --force, or choose another file with -o FILE',
    });
  }
  if (concern !== undefined) {
    return would(concern);
  }
  if (record.source !== formatSource(source)) {
    return would(`it was made from ${record.source}`);
  }
  if (image !== undefined && formatPlatform(record.image) !== formatPlatform(image)) {
    return would(`it was made for ${formatPlatform(record.image)}`);
  }
  if (!isSameIdentity(record.identity, identity)) {
    return would('the source has changed');
  }
  if (
    image === undefined &&
    source.kind !== 'definition' &&
    !matchesPlatform(record.image, source.platform)
  ) {
    // A compressed archive may also contain an image for this platform.
    return would(`it was made for ${formatPlatform(record.image)}`);
  }
  if (identity.kind === 'recipe' && identity.unknown[0] !== undefined) {
    return would(identity.unknown[0]);
  }
  if (record.compression !== formatCompression(compression)) {
    return would(`it was made with ${record.compression}`);
  }
  const otherEngine = record.engine.name !== engineName;
  if (otherEngine && !anyEngine) {
    return would(`it was made by ${record.engine.name}`);
  }
  if (record.blockSizeBytes !== blockBytes) {
    return would(`it was made with blocks of ${formatBlockSize(record.blockSizeBytes)}`);
  }
  if (verify && !(await isIntact(file, record, signal))) {
    return would('its content is damaged');
  }
  const since = otherEngine ? `since ${record.engine.name} ${record.engine.version} converted it` : '';
  return { state: 'up to date', file, reason: `the source has not changed ${since}`.trim(), record };
}

export function isSameIdentity(one: SourceIdentity, other: SourceIdentity): boolean {
  const sorted = (identity: SourceIdentity) => JSON.stringify(Object.entries(identity).sort());
  return sorted(one) === sorted(other);
}
