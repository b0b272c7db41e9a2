import path from 'node:path';
import * as z from 'zod';
import { readZipEntry, withFile, listZipEntries } from '../formats/zip/zip.ts';
import type { ServedModel } from './served-model.ts';
import { formatImage, isSameImage, servedImageSchema, type ServedImage } from './served-image.ts';
import type { LoadedWorkload } from '../workload/load-workload.ts';

/** Member of a reference archive that records the origin of the answers. */
export const provenanceMember = 'provenance.json';

const longestBytes = 1024 * 1024;

const provenanceSchema = z.object({
  schemaVersion: z.literal(1),
  recordedAt: z.iso.datetime(),
  model: z.string(),
  version: z.string(),
  server: z.object({ name: z.string(), version: z.string() }),
  /** Image that the server runs from; missing when it was not given. */
  image: servedImageSchema.optional(),
  modelConfigDigest: z.string(),
  seed: z.number(),
});

/** Origin of the answers of a reference. */
export type Provenance = z.output<typeof provenanceSchema>;

/**
 * Change since the reference was recorded. It may explain a difference of answers, and is not an error
 * itself.
 */
export interface Change {
  readonly what: 'server' | 'image' | 'model configuration';
  readonly recorded: string;
  readonly now: string;
}

/** Reads the origin of a workload's reference; undefined when `test --record` did not make it. */
export async function readProvenance({ workload, file }: LoadedWorkload): Promise<Provenance | undefined> {
  if (workload.reference === undefined) {
    return undefined;
  }
  const archive = path.resolve(path.dirname(file), workload.reference.file);
  return withFile(archive, async (handle) => {
    const entry = (await listZipEntries(handle)).find(({ name }) => name === provenanceMember);
    try {
      const text =
        entry === undefined ? 'null' : (await readZipEntry(handle, entry, longestBytes)).toString();
      return provenanceSchema.parse(JSON.parse(text));
    } catch {
      return undefined;
    }
  });
}

/** Lists the values that both sides have and that differ. */
export function listChanges(
  provenance: Provenance,
  now: Pick<ServedModel, 'server' | 'modelConfigDigest'> & { readonly image: ServedImage | undefined },
): Change[] {
  const changes: Change[] = [];
  const compare = (what: Change['what'], recorded: string, found: string) => {
    if (recorded !== found) {
      changes.push({ what, recorded, now: found });
    }
  };
  compare('server', formatServer(provenance.server), formatServer(now.server));
  if (
    provenance.image !== undefined &&
    now.image !== undefined &&
    !isSameImage(provenance.image, now.image)
  ) {
    changes.push({ what: 'image', recorded: formatImage(provenance.image), now: formatImage(now.image) });
  }
  compare('model configuration', provenance.modelConfigDigest, now.modelConfigDigest);
  return changes;
}

function formatServer({ name, version }: ServedModel['server']): string {
  return `${name} ${version}`;
}
