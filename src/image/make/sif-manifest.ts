import { rm, stat } from 'node:fs/promises';
import * as z from 'zod';
import { hashFile } from '../../support/files/digest.ts';
import { readTextIfPresent, writeFileAtomically } from '../../support/files/file-access.ts';
import { readUncontestedText } from '../../support/files/ownership.ts';
import { rarelyUsed } from '../../support/text/parse-with-schema.ts';

const hex64 = z.string().regex(/^[0-9a-f]{64}$/);

const identitySchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('docker-daemon'), imageId: z.string() }),
  z.strictObject({
    kind: z.literal('docker-archive'),
    fileBytes: z.int(),
    modifiedNs: z.string(),
    manifestSha256: hex64,
  }),
  z.strictObject({
    kind: z.enum(['compressed-docker-archive', 'compressed-oci-archive']),
    fileBytes: z.int(),
    modifiedNs: z.string(),
    endSha256: hex64,
  }),
  z.strictObject({
    kind: z.enum(['oci', 'oci-archive', 'docker']),
    manifestDigest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  }),
  z.strictObject({
    kind: z.literal('recipe'),
    recipeSha256: hex64,
    inputsSha256: hex64,
    unknown: z.array(z.string()).readonly(),
  }),
]);

const recordSchema = z.strictObject({
  schemaVersion: z.literal(1),
  /** Source as the user can name it again. */
  source: z.string(),
  identity: identitySchema,
  sha256: hex64,
  sizeBytes: z.int().positive(),
  architecture: z.string(),
  compression: z.string(),
  blockSizeBytes: z.int().positive(),
  engine: z.strictObject({ name: z.string(), version: z.string() }),
  createdAt: z.iso.datetime(),
  durationMs: z.int().nonnegative(),
  image: z.strictObject({
    architecture: z.string(),
    os: z.string(),
    variant: z.string().exactOptional(),
    entrypoint: z.array(z.string()).readonly(),
    cmd: z.array(z.string()).readonly(),
    env: z.array(z.string()).readonly(),
    labels: z.record(z.string(), z.string()),
  }),
});

/** Manifest of a SIF made by `make-sif`, stored beside it as `NAME.sif.json`. */
export type SifManifest = z.output<typeof recordSchema>;

/**
 * Reads the manifest of a SIF, if it exists and its size matches the file. Returns undefined for a SIF of other
 * origin, if either is missing or damaged, and if others can change the manifest.
 */
export async function readSifManifest(sifPath: string): Promise<SifManifest | undefined> {
  const text = await readUncontestedText(recordPath(sifPath));
  const size = await stat(sifPath).then(
    (found) => found.size,
    () => undefined,
  );
  try {
    const record = recordSchema.parse(JSON.parse(text ?? 'null'), rarelyUsed);
    return record.sizeBytes === size ? record : undefined;
  } catch {
    return undefined;
  }
}

/** Returns whether the SIF still has the digest in its manifest. Reads the whole file. */
export async function isIntact(sifPath: string, record: SifManifest, signal: AbortSignal): Promise<boolean> {
  return (await hashFile(sifPath, signal)) === record.sha256;
}

/** @returns a function that restores the previous manifest. */
export async function writeSifManifest(sifPath: string, record: SifManifest): Promise<() => Promise<void>> {
  const file = recordPath(sifPath);
  const before = await readTextIfPresent(file);
  await writeFileAtomically(file, `${JSON.stringify(record, null, 2)}\n`);
  return () => (before === undefined ? rm(file, { force: true }) : writeFileAtomically(file, before));
}

function recordPath(sifPath: string): string {
  return `${sifPath}.json`;
}
