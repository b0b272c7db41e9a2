import { defaultSettings } from '../config/defaults.ts';
import type { Settings } from '../config/schema.ts';
import { parseMinutes, type Partition } from '../slurm/list-partitions.ts';
import type { Entry } from './document.ts';
import type { HostFacts } from './detect-host.ts';

/** Matches partitions for short tests, which are no good default. */
const testPartition = /debug|devel|test|interactive|short-?gpu/i;
const defaultMemoryMb = 4096;
/** Share of a node's memory to request where the default exceeds it; the system needs some. */
const share = 0.75;

/**
 * Guesses the `slurm:` settings of this cluster, for jobs without a GPU and with `--gpu`, where the profile
 * has none.
 */
export function guessSlurm(host: HostFacts, profile: Settings['slurm'] = {}): Entry[] {
  const usable = host.partitions.filter(({ isUp }) => isUp);
  const forAll = usable.find(({ isDefault }) => isDefault) ?? usable.find(({ gpus }) => gpus.length === 0);
  const common = forAll === undefined ? [] : findLimits(forAll);
  // A site that offers GPUs without a named partition selects partitions itself; a named one would apply to
  // GPU jobs too.
  const siteSelectsPartition = profile.gpu !== undefined && profile.gpu.partition === undefined;
  return [
    guessAccount(host),
    ...(profile.partition === undefined && !siteSelectsPartition
      ? [guessPartition(host, usable, forAll), ...toEntries(['slurm'], common)]
      : []),
    ...(profile.gpu === undefined ? guessGpuSettings(host, usable, common) : []),
  ];
}

function guessAccount({ account }: HostFacts): Entry {
  const path = ['slurm', 'account'];
  return account === undefined
    ? createExample(path, 'NAME', 'Required on some clusters; this host knows none of yours.')
    : { path, value: account, why: ['Your default account in sacctmgr.'] };
}

function guessPartition(
  { noPartitions }: HostFacts,
  usable: readonly Partition[],
  chosen: Partition | undefined,
): Entry {
  const path = ['slurm', 'partition'];
  if (chosen === undefined) {
    return createExample(path, 'NAME', noPartitions ?? 'sinfo shows no partition that is up.');
  }
  const first = chosen.isDefault ? 'The default of sinfo' : 'The first without GPUs of sinfo';
  return {
    path,
    value: chosen.name,
    why: [`${first}: ${formatPartition(chosen)}.`, ...formatOthers(usable, chosen)],
  };
}

/**
 * Guesses the settings of GPU jobs.
 *
 * @param common limits that apply to all jobs
 */
function guessGpuSettings(
  { noPartitions }: HostFacts,
  usable: readonly Partition[],
  common: readonly Limit[],
): Entry[] {
  const candidates = usable.filter(({ gpus }) => gpus.length > 0);
  const chosen =
    candidates.find(({ isDefault }) => isDefault) ??
    candidates.find(({ name }) => !testPartition.test(name)) ??
    candidates[0];
  const path = ['slurm', 'gpu'];
  if (chosen === undefined) {
    const none = noPartitions === undefined ? ' sinfo shows no GPU in a partition that is up.' : '';
    return [createExample([...path, 'partition'], 'NAME', `For --gpu.${none}`)];
  }
  const types = [...new Set(chosen.gpus.flatMap(({ type }) => (type === undefined ? [] : [type])))];
  const known = new Set(common.map(({ key, value }) => `${key} ${value}`));
  return [
    {
      path: [...path, 'partition'],
      value: chosen.name,
      why: [
        `For --gpu: ${candidates.length === 1 ? 'the only one' : 'one'} with GPUs in sinfo: ${formatPartition(chosen)}.`,
        ...formatOthers(candidates, chosen),
      ],
    },
    {
      path: [...path, 'request'],
      value: 'gres',
      why: ['As --gres=gpu:1. If the site requires another option: gpus, gpus-per-node, none.'],
    },
    ...types
      .slice(0, 1)
      .map((type) =>
        createExample([...path, 'type'], type, `By default any type; available: ${types.join(', ')}.`),
      ),
    ...toEntries(
      path,
      findLimits(chosen).filter(({ key, value }) => !known.has(`${key} ${value}`)),
    ),
  ];
}

interface Limit {
  readonly key: 'time' | 'cpus' | 'memory';
  readonly value: string | number;
  readonly why: string;
}

/** Lists the settings for which the defaults exceed a node of that partition. */
function findLimits({ cpus, memoryMb, limitMinutes }: Partition): Limit[] {
  const { cpus: wanted, time } = defaultSettings.slurm;
  const found: Limit[] = [];
  if (limitMinutes !== undefined && limitMinutes < (parseMinutes(time) ?? 0)) {
    const value = String(Math.max(1, Math.floor(limitMinutes)));
    found.push({ key: 'time', value, why: "In minutes: the partition's limit." });
  }
  if (cpus < wanted) {
    found.push({ key: 'cpus', value: cpus, why: 'The CPUs of its nodes.' });
  }
  if (memoryMb < defaultMemoryMb) {
    const value = `${Math.floor(memoryMb * share)}M`;
    found.push({ key: 'memory', value, why: `Its nodes have ${memoryMb} MiB.` });
  }
  return found;
}

function toEntries(path: readonly string[], found: readonly Limit[]): Entry[] {
  return found.map(({ key, value, why }) => ({ path: [...path, key], value, why: [why] }));
}

/** Formats a partition: "2 fake GPUs per node, jobs of up to 60 min". */
function formatPartition({ gpus, limitMinutes }: Partition): string {
  const kinds = [
    ...new Set(gpus.map(({ type, count }) => (type === undefined ? `${count}` : `${count} ${type}`))),
  ];
  return [
    kinds.length === 0 ? 'no GPUs' : `${kinds.join(' or ')} GPUs per node`,
    limitMinutes === undefined ? 'no time limit' : `jobs of up to ${formatMinutes(limitMinutes)}`,
  ].join(', ');
}

function formatMinutes(minutes: number): string {
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}

function formatOthers(partitions: readonly Partition[], chosen: Partition): string[] {
  const names = partitions.filter((partition) => partition !== chosen).map(({ name }) => name);
  return names.length === 0
    ? []
    : [`Others: ${names.join(', ')}; sinfo does not show which of them you may use.`];
}

function createExample(path: readonly string[], value: string, why: string): Entry {
  return { path, value, why: [why], example: true };
}
