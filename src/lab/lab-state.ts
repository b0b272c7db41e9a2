import { rm } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { HpcGatError } from '../support/errors.ts';
import { readTextIfPresent, writeFileAtomically } from '../support/files/file-access.ts';
import { parseWith } from '../support/text/parse-with-schema.ts';
import type { Lab } from './open-lab.ts';
import { modesSchema } from './modes.ts';

const schema = z.strictObject({
  schemaVersion: z.literal(1),
  /** Directory of the root file system, with its `versions.json`. */
  rootfs: z.string(),
  binds: z.array(z.strictObject({ source: z.string(), target: z.string(), readOnly: z.boolean() })),
  /** Modes of the lab; missing in the state of an earlier version. */
  modes: modesSchema.default({}),
});

/** State of a lab that is up. Written when `up` has finished, removed when `down` begins. */
export type LabState = z.output<typeof schema>;

export async function readLabState(lab: Lab): Promise<LabState | undefined> {
  const file = stateFile(lab);
  const text = await readTextIfPresent(file);
  return text === undefined
    ? undefined
    : parseWith(schema, JSON.parse(text), { what: 'record of the lab', file });
}

/**
 * Returns the state of a lab that is up.
 *
 * @throws {HpcGatError} when the lab is down.
 */
export async function requireLabState(lab: Lab): Promise<LabState> {
  const record = await readLabState(lab);
  if (record === undefined) {
    throw new HpcGatError(`the lab "${lab.name}" is down`, { fix: 'hpc-gat lab up' });
  }
  return record;
}

export async function writeLabState(lab: Lab, record: LabState): Promise<void> {
  await writeFileAtomically(stateFile(lab), `${JSON.stringify(record, null, 2)}\n`);
}

export async function removeLabState(lab: Lab): Promise<void> {
  await rm(stateFile(lab), { force: true });
}

function stateFile(lab: Lab): string {
  return path.join(lab.directory, 'lab.json');
}
