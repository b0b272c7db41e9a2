import { hashBytes } from '../support/files/digest.ts';
import { HpcGatError } from '../support/errors.ts';
import { toPrintable } from '../support/text/printable.ts';
import { createBlobError, createManifestError } from './refusal.ts';
import type { Registry } from './registry.ts';

export interface RegistryManifest {
  /** Digest of the received bytes. */
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

/**
 * Fetches a manifest or an index, by tag or digest.
 *
 * @param accept supported media types.
 * @throws {UsageError} if there is none, with the closest tag.
 * @throws {HpcGatError} if the registry refuses or fails, or sends other bytes than it announced.
 */
export async function fetchManifest(
  registry: Registry,
  reference: string,
  accept: readonly string[],
  signal: AbortSignal,
): Promise<RegistryManifest> {
  const { host } = registry.reference;
  const headers = { accept: accept.join(', ') };
  const answer = await registry.read(`manifests/${reference}`, { headers }, signal);
  if (answer.statusCode !== 200) {
    throw await createManifestError(answer, registry, reference, signal);
  }
  const bytes = answer.body;
  const digest = `sha256:${hashBytes(bytes)}`;
  const header = String(answer.headers['docker-content-digest'] ?? '')
    .trim()
    .toLowerCase();
  const named = reference.startsWith('sha256:') ? reference : header;
  // A manifest whose digest uses another algorithm is accepted.
  if (named.startsWith('sha256:') && named !== digest) {
    throw new HpcGatError(
      `${host} sent a manifest with the digest ${digest} as ${toPrintable(registry.redact(named))}`,
      {
        fix: 'try again; if the error persists, a proxy between this host and the registry may modify its answers',
      },
    );
  }
  const mediaType = registry.redact((answer.headers['content-type'] ?? '').replace(/;.*$/, '').trim());
  return { digest, mediaType, bytes };
}

/** Fetches a small blob as a whole: the configuration of an image. */
export async function fetchSmallBlob(
  registry: Registry,
  digest: string,
  signal: AbortSignal,
): Promise<Buffer> {
  const answer = await registry.read(`blobs/${digest}`, {}, signal);
  if (answer.statusCode !== 200) {
    throw createBlobError(answer, registry, digest);
  }
  return answer.body;
}
