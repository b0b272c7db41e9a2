import type { z } from 'zod';
import { hashBytes } from '../../../support/files/digest.ts';
import { HpcGatError, getErrorMessage, UsageError } from '../../../support/errors.ts';
import { checkDescription, parseDescription } from '../description-json.ts';
import type { Descriptor } from './oci-manifest.ts';

/** Role of a blob: registries serve manifests and indexes at one address, all other blobs at another. */
export type BlobRole = 'manifest' | 'config';

/** Reader of the manifests and configurations of an image. */
export interface BlobReader {
  /** Label for messages. */
  readonly place: string;
  /** Fix that is suggested when a blob is damaged. */
  readonly fix: string;
  read(digest: string, role: BlobRole): Promise<Buffer>;
}

/** Returns the name of a blob's file in an OCI layout. */
export function getBlobName(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}

/**
 * Reads the blob of a descriptor and verifies its digest.
 *
 * @throws {HpcGatError} if the blob is missing, or its digest differs.
 */
export async function readChecked(
  { digest }: Pick<Descriptor, 'digest'>,
  role: BlobRole,
  blobs: BlobReader,
): Promise<Buffer> {
  const bytes = await blobs.read(digest, role);
  const found = `sha256:${hashBytes(bytes)}`;
  if (found !== digest) {
    throw new HpcGatError(`${blobs.place} is damaged: ${digest} has the digest ${found}`, {
      fix: blobs.fix,
    });
  }
  return bytes;
}

/** Creates the error for a non-distributable layer whose blob is missing, as is usual. */
export function missingNonDistributable(
  place: string,
  { digest }: Pick<Descriptor, 'digest'>,
  cause?: unknown,
): UsageError {
  return new UsageError(
    `${place} does not contain the blob ${digest}: the license of this layer forbids distributing it with the image`,
    { fix: 'pull the image where the layer is available, and save it with all of its layers', cause },
  );
}

/** @throws {HpcGatError} if the bytes are not a JSON object. */
export function parseObject(bytes: Buffer, digest: string, blobs: BlobReader): object {
  return described(digest, blobs, () => {
    const json = parseDescription(bytes.toString('utf8'));
    if (typeof json === 'object' && json !== null) {
      return json;
    }
    throw new Error('not an object');
  });
}

/** @throws {HpcGatError} if the object does not match the schema. */
export function parseAs<Schema extends z.ZodType>(
  schema: Schema,
  json: unknown,
  digest: string,
  blobs: BlobReader,
): z.output<Schema> {
  return described(digest, blobs, () => checkDescription(schema, json));
}

function described<Description>(
  digest: string,
  { place, fix }: BlobReader,
  read: () => Description,
): Description {
  try {
    return read();
  } catch (cause) {
    throw new HpcGatError(
      `${place}: ${digest} is not the description of an image: ${getErrorMessage(cause)}`,
      {
        fix,
        cause,
      },
    );
  }
}
