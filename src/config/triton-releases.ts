import * as z from 'zod';
import { UsageError } from '../support/errors.ts';
import { findNearest } from '../support/text/suggest.ts';
import { readPackageFile } from '../support/package/package-files.ts';
import { parseYaml } from '../support/text/yaml.ts';

const file = 'defs/triton-releases.yaml';
const version = z.string().regex(/^\d+(\.\d+)*$/);

const releaseSchema = z.strictObject({
  /** Release as in the tag of NVIDIA's image: `24.05`. */
  release: z.string().regex(/^\d\d\.\d\d(\.\d+)?$/),
  cuda: version,
  /** Oldest driver that the release supports on any GPU. */
  driver: version,
  /** Oldest driver of each branch that the release supports only on data center GPUs. */
  dataCenterDrivers: z.array(version),
  computeCapability: version,
  /** Page that documents the values. */
  url: z.url(),
  /** Date on which the page was read. */
  read: z.iso.date(),
});

const tableSchema = z.strictObject({ releases: z.array(releaseSchema).min(1) });

export type TritonRelease = z.output<typeof releaseSchema>;

/** Lists the known releases of NVIDIA's Triton image, newest first. */
export async function listTritonReleases(): Promise<readonly TritonRelease[]> {
  const text = (await readPackageFile(file)) ?? '';
  return parseYaml(tableSchema, text, { what: 'table of Triton releases', file }).releases;
}

/**
 * Returns the values of a release.
 *
 * @throws {UsageError} for a release that the table does not contain.
 */
export async function getTritonRelease(name: string): Promise<TritonRelease> {
  const releases = await listTritonReleases();
  const found = releases.find(({ release }) => release === name);
  if (found === undefined) {
    const known = releases.map(({ release }) => release);
    const meant = findNearest(name, known);
    throw new UsageError(`unknown Triton release "${name}"`, {
      fix: `${meant === undefined ? '' : `did you mean ${meant}? `}known: ${known.join(', ')}; name any other by its image: --base nvcr.io/nvidia/tritonserver:${name}-py3`,
    });
  }
  return found;
}

/** GPUs on which a host's driver supports a release. */
export type DriverSupport = 'any GPU' | 'data center GPUs' | 'none';

/**
 * Classifies a driver for a release.
 *
 * @param driver version as nvidia-smi prints it: `535.104.05`
 */
export function classifyDriver(
  driver: string,
  { driver: required, dataCenterDrivers }: TritonRelease,
): DriverSupport {
  if (compareVersions(driver, required) >= 0) {
    return 'any GPU';
  }
  const branch = (text: string) => text.split('.')[0];
  const sufficient = dataCenterDrivers.some(
    (least) => branch(least) === branch(driver) && compareVersions(driver, least) >= 0,
  );
  return sufficient ? 'data center GPUs' : 'none';
}

/** Compares two versions number by number; a missing number counts as 0. */
function compareVersions(one: string, other: string): number {
  const [left, right] = [one, other].map((text) => text.split('.').map(Number)) as [number[], number[]];
  const length = Math.max(left.length, right.length);
  for (let at = 0; at < length; at += 1) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) {
      return difference;
    }
  }
  return 0;
}
