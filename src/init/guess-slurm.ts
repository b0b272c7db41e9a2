import { defaultSettings } from '../config/defaults.ts';
import type { Settings } from '../config/schema.ts';
import { parseMinutes, type Partition } from '../slurm/list-partitions.ts';
import type { Entry } from './document.ts';
import type { HostFacts } from './detect-host.ts';

/** What is for trying things out is not where runs should go by themselves. */
const testPartition = /debug|devel|test|interactive|short-?gpu/i;
const defaultMemoryMb = 4096;
/** Of a node's memory, where the default is more than it has: some belongs to the system. */
const share = 0.75;

/** What `slurm:` should say on this cluster, for jobs without a GPU and with `--gpu`, where the profile does not say it. */
export function guessSlurm(survey: HostFacts, profile: Settings['slurm'] = {}): Entry[] {
  const usable = survey.partitions.filter(({ isUp }) => isUp);
  const forAll = usable.find(({ isDefault }) => isDefault) ?? usable.find(({ gpus }) => gpus.length === 0);
  const common = forAll === undefined ? [] : findLimits(forAll);
  // A site that has GPUs without a partition being named finds partitions itself, and a named one would hold for GPU jobs too.
  const siteFindsThem = profile.gpu !== undefined && profile.gpu.partition === undefined;
  return [
    guessAccount(survey),
    ...(profile.partition === undefined && !siteFindsThem
      ? [guessPartition(survey, usable, forAll), ...toEntries(['slurm'], common)]
      : []),
    ...(profile.gpu === undefined ? guessGpuSettings(survey, usable, common) : []),
  ];
}

function guessAccount({ account }: HostFacts): Entry {
  const path = ['slurm', 'account'];
  return account === undefined
    ? createExample(path, 'NAME', 'Where the cluster asks for one; none of yours is known here.')
    : { path, value: account, why: ['Your default account, says sacctmgr.'] };
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

/** @param common what is said for all jobs already. */
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
      why: ['As --gres=gpu:1. Where the site asks for another form: gpus, gpus-per-node, none.'],
    },
    ...types
      .slice(0, 1)
      .map((type) =>
        createExample([...path, 'type'], type, `Any type is taken; there: ${types.join(', ')}.`),
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

/** Where the defaults ask for more than a node of that partition has. */
function findLimits({ cpus, memoryMb, limitMinutes }: Partition): Limit[] {
  const { cpus: wanted, time } = defaultSettings.slurm;
  const found: Limit[] = [];
  if (limitMinutes !== undefined && limitMinutes < (parseMinutes(time) ?? 0)) {
    const value = String(Math.max(1, Math.floor(limitMinutes)));
    found.push({ key: 'time', value, why: "In minutes: the partition's limit." });
  }
  if (cpus < wanted) {
    found.push({ key: 'cpus', value: cpus, why: 'Its nodes have no more.' });
  }
  if (memoryMb < defaultMemoryMb) {
    const value = `${Math.floor(memoryMb * share)}M`;
    found.push({ key: 'memory', value, why: `Its nodes have ${memoryMb} MB.` });
  }
  return found;
}

function toEntries(path: readonly string[], found: readonly Limit[]): Entry[] {
  return found.map(({ key, value, why }) => ({ path: [...path, key], value, why: [why] }));
}

/** "2 fake GPUs a node, jobs of up to 60 min". */
function formatPartition({ gpus, limitMinutes }: Partition): string {
  const kinds = [
    ...new Set(gpus.map(({ type, count }) => (type === undefined ? `${count}` : `${count} ${type}`))),
  ];
  return [
    kinds.length === 0 ? 'no GPUs' : `${kinds.join(' or ')} GPUs a node`,
    limitMinutes === undefined ? 'no limit of time' : `jobs of up to ${formatMinutes(limitMinutes)}`,
  ].join(', ');
}

function formatMinutes(minutes: number): string {
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}

function formatOthers(partitions: readonly Partition[], chosen: Partition): string[] {
  const names = partitions.filter((partition) => partition !== chosen).map(({ name }) => name);
  return names.length === 0 ? [] : [`Others: ${names.join(', ')}; sinfo does not say who may use which.`];
}

function createExample(path: readonly string[], value: string, why: string): Entry {
  return { path, value, why: [why], example: true };
}
