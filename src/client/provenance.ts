import path from 'node:path';
import * as z from 'zod';
import { readZipEntry, withFile, listZipEntries } from '../formats/zip/zip.ts';
import type { ServedModel } from './served-model.ts';
import { formatImage, isSameImage, servedImageSchema, type ServedImage } from './served-image.ts';
import type { LoadedWorkload } from '../workload/load-workload.ts';

/** Beside the arrays in a reference: where the answers came from. */
export const provenanceMember = 'provenance.json';

const longestBytes = 1024 * 1024;

const provenanceSchema = z.object({
  schemaVersion: z.literal(1),
  recordedAt: z.iso.datetime(),
  model: z.string(),
  version: z.string(),
  server: z.object({ name: z.string(), version: z.string() }),
  /** Missing when nothing said what the server runs from. */
  image: servedImageSchema.optional(),
  modelConfigDigest: z.string(),
  seed: z.number(),
});

/** Where the answers of a reference came from. */
export type Provenance = z.output<typeof provenanceSchema>;

/** What is another now than when the reference was recorded. It explains a difference, and is none by itself. */
export interface Change {
  readonly what: 'server' | 'image' | 'model configuration';
  readonly recorded: string;
  readonly now: string;
}

/** Of the reference of a workload; undefined when it was made by other means than `test --record`. */
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

/** What is known on both sides and differs. */
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
