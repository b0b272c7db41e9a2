import * as z from 'zod';
import { UsageError } from '../support/errors.ts';
import type { Lab } from './open-lab.ts';

/**
 * Modes of a lab: its differences from the default lab. The modes of a running lab do not change. A new mode is a key
 * here.
 */
export const modesSchema = z.strictObject({
  /** Seconds for which the login node caches look-ups, listings and attributes of the shared directories. */
  lookupCacheSeconds: z.int().positive().optional(),
  /** True when the host names of compute nodes are fully qualified, while Slurm's node names are short. */
  fqdn: z.boolean().optional(),
});

export type LabModes = z.output<typeof modesSchema>;

/**
 * Parses the modes from the options of `lab up`.
 *
 * @throws {UsageError} for an invalid number of seconds.
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
      fix: 'use a whole number above 0, such as 30',
    });
  }
  return {
    ...(lookupCache !== undefined && { lookupCacheSeconds: lookupCache }),
    ...(fqdn && { fqdn }),
  };
}

/** Returns the output of `hostname` on a node. */
export function getHostname(
  { cluster }: Pick<Lab, 'cluster'>,
  node: string,
  { fqdn = false }: LabModes,
): string {
  return fqdn && cluster.nodes[node]?.role === 'compute' ? qualifyName(cluster.name, node) : node;
}

export function qualifyName(cluster: string, node: string): string {
  return `${node}.${cluster}.example`;
}

/** Formats the modes as options of `lab up`; empty for the default lab. */
export function formatModes({ lookupCacheSeconds, fqdn = false }: LabModes): string[] {
  return [
    ...(lookupCacheSeconds === undefined ? [] : [`--lookup-cache ${lookupCacheSeconds}`]),
    ...(fqdn ? ['--fqdn'] : []),
  ];
}
