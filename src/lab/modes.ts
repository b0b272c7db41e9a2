import * as z from 'zod';
import { UsageError } from '../support/errors.ts';
import type { Lab } from './lab.ts';

/** In what a lab differs from the plain one; a lab that is up keeps its modes. A new mode is one more key here. */
export const modesSchema = z.strictObject({
  /** How many seconds the login node caches look-ups, listings and attributes of the shared directories. */
  lookupCacheSeconds: z.int().positive().optional(),
  /** Whether the host names of compute nodes are fully qualified, while Slurm's names of them are short. */
  fqdn: z.boolean().optional(),
});

export type LabModes = z.output<typeof modesSchema>;

/**
 * The modes that the options of `lab up` ask for.
 *
 * @throws {UsageError} for a number of seconds that is none.
 */
export function parseModes({
  lookupCache,
  fqdn,
}: {
  lookupCache?: number | undefined;
  fqdn: boolean;
}): LabModes {
  if (lookupCache !== undefined && !(Number.isInteger(lookupCache) && lookupCache > 0)) {
    throw new UsageError(`--lookup-cache ${lookupCache} is not a number of seconds`, {
      fix: 'name a whole number above 0, like 30',
    });
  }
  return {
    ...(lookupCache !== undefined && { lookupCacheSeconds: lookupCache }),
    ...(fqdn && { fqdn }),
  };
}

/** What `hostname` prints on a node. */
export function hostnameOf(
  { cluster }: Pick<Lab, 'cluster'>,
  node: string,
  { fqdn = false }: LabModes,
): string {
  return fqdn && cluster.nodes[node]?.role === 'compute' ? qualified(cluster.name, node) : node;
}

export function qualified(cluster: string, node: string): string {
  return `${node}.${cluster}.example`;
}

/** The modes as the options of `lab up` that ask for them; empty for the plain lab. */
export function formatModes({ lookupCacheSeconds, fqdn = false }: LabModes): string[] {
  return [
    ...(lookupCacheSeconds === undefined ? [] : [`--lookup-cache ${lookupCacheSeconds}`]),
    ...(fqdn ? ['--fqdn'] : []),
  ];
}
