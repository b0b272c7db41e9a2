import type { Context } from '../support/context.ts';
import { runSlurm, createSlurmError } from './run-slurm.ts';
import { clusterHeading, toClusterOption } from './job-id.ts';

/** Partition as sinfo shows it; where its nodes differ, the smallest value of any node. */
export interface Partition {
  readonly name: string;
  readonly isDefault: boolean;
  /** True when jobs may start in this partition. */
  readonly isUp: boolean;
  /** Longest walltime in minutes; undefined without a limit. */
  readonly limitMinutes: number | undefined;
  /** Number of CPUs of one node. */
  readonly cpus: number;
  /** Memory of one node in MB. */
  readonly memoryMb: number;
  /** Number of GPUs of each kind of node; `type` where the site names types. */
  readonly gpus: readonly { readonly type: string | undefined; readonly count: number }[];
}

const format = '%P|%G|%l|%c|%m|%a';
const timeoutMs = 15_000;

/**
 * Lists the partitions that sinfo shows to this user. It does not report which of them the user's account may
 * use.
 *
 * @param clusters clusters of the job request, separated by commas; by default this host's own
 * @throws {MissingToolError} when there is no Slurm on this host.
 * @throws {CommandFailedError} when the controller does not answer.
 */
export async function listPartitions(context: Context, clusters?: string): Promise<Partition[]> {
  const args = [...toClusterOption(clusters), '-h', '-o', format];
  const result = await runSlurm(context, 'sinfo', args, { timeoutMs });
  if (result.exitCode !== 0) {
    throw createSlurmError(result, 'sinfo does not answer');
  }
  return parsePartitions(result.stdout);
}

/** Parses sinfo's lines `%P|%G|%l|%c|%m|%a`, of which a partition has one for each kind of node. */
export function parsePartitions(stdout: string): Partition[] {
  const partitions = new Map<string, Partition>();
  for (const line of stdout.split('\n')) {
    const [marked = '', gres = '', limit = '', cpus = '', memoryMb = '', up = ''] = line.trim().split('|');
    if (marked === '' || clusterHeading.test(marked)) {
      continue;
    }
    const name = marked.replace(/\*$/, '');
    const before = partitions.get(name);
    partitions.set(name, {
      name,
      isDefault: marked.endsWith('*'),
      isUp: up === 'up',
      limitMinutes: parseMinutes(limit),
      cpus: Math.min(before?.cpus ?? Infinity, parseMinimum(cpus)),
      memoryMb: Math.min(before?.memoryMb ?? Infinity, parseMinimum(memoryMb)),
      gpus: [...(before?.gpus ?? []), ...parseGpus(gres)],
    });
  }
  return [...partitions.values()];
}

/** Parses a number, which is "4+" where nodes differ; infinite for other text. */
function parseMinimum(text: string): number {
  return parseInt(text, 10) || Infinity;
}

/** Parses generic resources: `gpu:4`, `gpu:a100:4(S:0-1),nvme:1`, `(null)`. */
function parseGpus(gres: string): Partition['gpus'] {
  return gres.split(/,(?![^(]*\))/).flatMap((item) => {
    const [kind, ...rest] = item.replace(/\(.*$/, '').split(':');
    if (kind !== 'gpu') {
      return [];
    }
    const last = rest.at(-1) ?? '';
    const isCounted = /^\d+$/.test(last);
    const type = (isCounted ? rest.slice(0, -1) : rest).join(':');
    return [{ type: type === '' ? undefined : type, count: isCounted ? Number(last) : 1 }];
  });
}

/** Parses a time limit of Slurm, such as `30:00`, `12:00:00` or `7-00:00:00`; undefined for `infinite`. */
export function parseMinutes(text: string): number | undefined {
  const match = /^(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+)$/.exec(text);
  if (match === null) {
    return undefined;
  }
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map((part) => Number(part || 0));
  return (days * 24 + hours) * 60 + minutes + seconds / 60;
}
