/**
 * Versions of the bytes that the native engine writes.
 *
 * Rule: a change after which the same input gives other bytes raises the version of that output, and nothing else does.
 * `test/image/convert/output-versions.test.ts` fails until the version is raised.
 */
export const outputVersions = {
  /** Version of SIFs. The manifest beside a SIF contains it. A SIF of an earlier version stays up to date. */
  sif: '4',
  /** Version of the blocks and the index of a cached layer. Entries of earlier versions are not used any more. */
  layer: '3',
} as const;
