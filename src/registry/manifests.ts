import { hashBytes } from '../support/files/digest.ts';
import { HpcGatError } from '../support/errors.ts';
import { toPrintable } from '../support/text/printable.ts';
import { blobRefusal, manifestRefusal } from './refusal.ts';
import type { Registry } from './registry.ts';

export interface RegistryManifest {
  /** Of the bytes that came. */
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

/**
 * A manifest or an index, by tag or digest.
 *
 * @param accept the media types that are understood.
 * @throws {UsageError} when there is none, with the tag that was probably meant.
 * @throws {HpcGatError} when the registry refuses, fails, or sends something else than it says.
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
    throw await manifestRefusal(answer, registry, reference, signal);
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

/** A small blob as a whole: the configuration of an image. */
export async function fetchSmallBlob(
  registry: Registry,
  digest: string,
  signal: AbortSignal,
): Promise<Buffer> {
  const answer = await registry.read(`blobs/${digest}`, {}, signal);
  if (answer.statusCode !== 200) {
    throw blobRefusal(answer, registry, digest);
  }
  return answer.body;
}
