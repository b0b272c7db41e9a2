import { expect, test } from '@jest/globals';
import { hashBytes } from '../../../../src/support/files/digest.ts';
import { readSavedIndex } from '../../../../src/image/source/docker-save/saved-index.ts';
import { chooseEntry } from '../../../../src/image/source/oci/oci-entry.ts';
import { resolveImage } from '../../../../src/image/source/oci/oci-image.ts';
import { findEntryBlob, walkIndex } from '../../../../src/image/source/oci/walk-index.ts';
import type { Descriptor } from '../../../../src/image/source/oci/oci-manifest.ts';

/** Layout in memory that counts how often each blob is read. */
class CountingBlobs {
  readonly place = 'x';
  readonly fix = '';
  readonly reads: string[] = [];
  readonly #blobs = new Map<string, Buffer>();

  add(json: object): Descriptor {
    const bytes = Buffer.from(JSON.stringify(json));
    const digest = `sha256:${hashBytes(bytes)}`;
    this.#blobs.set(digest, bytes);
    return { digest, mediaType: '', size: 0, annotations: {}, platform: undefined, artifactType: '' };
  }

  /** Adds a manifest below `depth` nested indexes. @returns the manifest and the outermost index */
  addNested(depth: number): { manifest: Descriptor; start: Descriptor } {
    const config = this.add({ architecture: 'amd64', os: 'linux', rootfs: { diff_ids: [] } });
    const manifest = this.add({ config, layers: [] });
    let start = manifest;
    for (let level = 0; level < depth; level += 1) {
      start = this.add({ manifests: [start] });
    }
    return { manifest, start };
  }

  readonly read = (digest: string): Promise<Buffer> => {
    this.reads.push(digest);
    const found = this.#blobs.get(digest);
    return found === undefined ? Promise.reject(new Error(`no ${digest}`)) : Promise.resolve(found);
  };
}

test.each([
  [3, true],
  [4, false],
])('a manifest below %i nested indexes is found by every reader: %s', async (depth, isFound) => {
  const blobs = new CountingBlobs();
  const { manifest, start } = blobs.addNested(depth);

  const resolved = await resolveImage(start, blobs, { os: 'linux', architecture: 'amd64' }).then(
    ({ manifestDigest }) => manifestDigest,
    (error: unknown) => String(error),
  );
  expect(resolved).toMatch(isFound ? manifest.digest : 'nested in a loop or too deeply');

  const source = { kind: 'oci', file: '/x', digest: manifest.digest } as const;
  const chosen = await chooseEntry({ manifests: [start], problems: [] }, source, blobs).then(
    ({ digest }) => digest,
    (error: unknown) => String(error),
  );
  expect(chosen).toMatch(isFound ? manifest.digest : `contains no image ${manifest.digest}`);

  const index = Buffer.from(JSON.stringify({ manifests: [start] }));
  const saved = await readSavedIndex((name) =>
    name === 'index.json' ? index : blobs.read(name.replace('blobs/sha256/', 'sha256:')),
  );
  expect(saved.map(({ manifestDigest }) => manifestDigest)).toEqual(isFound ? [manifest.digest] : []);
});

test('a walk visits all entries, but reads at most 1000 blobs', async () => {
  const blobs = new CountingBlobs();
  const entries = Array.from({ length: 1005 }, (_none, number) => blobs.add({ manifests: [], number }));
  let visited = 0;
  const walk = walkIndex(entries, {
    read: (one) => findEntryBlob(one, blobs),
    choose: ({ manifests }) => manifests,
  });
  for await (const { blob } of walk) {
    visited += 1;
    expect(blob !== undefined).toBe(visited <= 1000);
  }
  expect([visited, blobs.reads.length]).toEqual([1005, 1000]);
});

test('an index that is listed many times is read and followed once, to a limited number of entries', async () => {
  const blobs = new CountingBlobs();
  const manifest = blobs.add({ layers: [] });
  const inner = blobs.add({ manifests: Array.from({ length: 15_000 }, () => manifest) });
  const outer = blobs.add({ manifests: Array.from({ length: 15_000 }, () => inner) });
  let visited = 0;
  const walk = walkIndex([outer, outer], {
    read: (one) => findEntryBlob(one, blobs),
    choose: ({ manifests }) => manifests,
  });
  for await (const { entry } of walk) {
    visited += entry.digest === '' ? 0 : 1;
  }
  const indexes = blobs.reads.filter((digest) => digest !== manifest.digest);
  expect({ visited, indexes }).toEqual({ visited: 10_002, indexes: [outer.digest, inner.digest] });
});
