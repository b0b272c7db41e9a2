import * as z from 'zod';
import { UsageError } from '../support/errors.ts';
import { findNearest } from '../support/text/suggest.ts';
import { readPackageFile } from '../support/package/package-files.ts';
import { parseYaml } from '../support/text/yaml.ts';

const file = 'defs/triton-releases.yaml';
const version = z.string().regex(/^\d+(\.\d+)*$/);

const releaseSchema = z.strictObject({
  /** As in the tag of NVIDIA's image: `24.05`. */
  release: z.string().regex(/^\d\d\.\d\d(\.\d+)?$/),
  cuda: version,
  /** The driver that it requires on any GPU, or a later one. */
  driver: version,
  /** Of branches that do on data center GPUs: each version, or a later one of the same branch. */
  dataCenterDrivers: z.array(version),
  computeCapability: version,
  /** The page that says so. */
  url: z.url(),
  /** When it was read. */
  read: z.iso.date(),
});

const tableSchema = z.strictObject({ releases: z.array(releaseSchema).min(1) });

export type TritonRelease = z.output<typeof releaseSchema>;

/** What is known of the releases of NVIDIA's Triton image, newest first. */
export async function listTritonReleases(): Promise<readonly TritonRelease[]> {
  const text = (await readPackageFile(file)) ?? '';
  return parseYaml(tableSchema, text, { what: 'table of Triton releases', file }).releases;
}

/** @throws {UsageError} for one that the table does not have. */
export async function getTritonRelease(name: string): Promise<TritonRelease> {
  const releases = await listTritonReleases();
  const found = releases.find(({ release }) => release === name);
  if (found === undefined) {
    const known = releases.map(({ release }) => release);
    const meant = findNearest(name, known);
    throw new UsageError(`nothing is known of Triton ${name}`, {
      fix: `${meant === undefined ? '' : `did you mean ${meant}? `}known: ${known.join(', ')}; any other by its image: --base nvcr.io/nvidia/tritonserver:${name}-py3`,
    });
  }
  return found;
}

/** Where a host's driver is enough: on any GPU, on those for data centers only, nowhere. */
export type DriverSupport = 'any GPU' | 'data center GPUs' | 'none';

/** @param driver as nvidia-smi says it: `535.104.05`. */
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

/** Number by number; what is missing at the end counts as 0. */
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
