import { listAssociations, type Association } from '../slurm/account.ts';
import { queryController } from '../slurm/controller.ts';
import { listPartitions, type Partition } from '../slurm/list-partitions.ts';
import type { Context } from '../support/context.ts';
import { getOwnName } from '../support/own-account.ts';
import { findProgram } from '../support/processes/find-program.ts';
import { suggestion } from '../support/text/suggest.ts';
import { type Check, error, type Finding, note, ok, type CheckContext, warning } from './check.ts';

/** Checks that compare names in the configuration with those that Slurm knows. */
export const nameChecks: readonly Check[] = [
  {
    name: 'partitions',
    run: async (host) => {
      if (!(await hasCluster(host.context, ['sinfo', 'scontrol']))) {
        return note('not checked: no Slurm on this host');
      }
      const { clusters } = host.settings.slurm.sbatch;
      const known = await listPartitions(host.context, typeof clusters === 'string' ? clusters : undefined);
      const findings = [...checkPartitions(host, known), ...checkGpuType(host, known)];
      const names = known.map(({ name }) => name).join(', ');
      return findings.length > 0 ? findings : ok(`here: ${names}`);
    },
  },
  {
    name: 'accounts',
    run: async (host) => {
      const { context } = host;
      if (!(await hasCluster(context, ['sacctmgr', 'scontrol']))) {
        return note('not checked: no Slurm accounting on this host');
      }
      const own = await listAssociations(context, getOwnName(context));
      if (own.length === 0) {
        return note('Slurm accounting lists no account of yours');
      }
      const findings = checkAccounts(host, own);
      const names = [...new Set(own.map(({ account }) => account))].join(', ');
      return findings.length > 0 ? findings : ok(`yours: ${names}`);
    },
  },
];

async function hasCluster(context: Context, programs: readonly string[]): Promise<boolean> {
  return (
    programs.every((program) => findProgram(program, context.env) !== undefined) &&
    (await queryController(context)).state !== 'none'
  );
}

/** Returns the settings of jobs, without a GPU and with one. */
function listJobSettings({ settings: { slurm } }: CheckContext) {
  return [slurm, { ...slurm, ...slurm.gpu }];
}

function checkPartitions(host: CheckContext, known: readonly Partition[]): Finding[] {
  const names = known.map(({ name }) => name);
  // One setting may name several partitions, separated by commas.
  const configured = listJobSettings(host).flatMap(({ partition = '' }) => partition.split(','));
  return findUnknown(configured, names).map((name) =>
    error(`"${name}" does not exist on this cluster`, suggestion(name, 'partitions here', names)),
  );
}

/** Checks the type of GPU, in which Slurm ignores case. */
function checkGpuType({ settings: { slurm } }: CheckContext, known: readonly Partition[]): Finding[] {
  const { type, partition = slurm.partition } = slurm.gpu;
  const types = known
    .filter(({ name }) => partition === undefined || partition.split(',').includes(name))
    .flatMap(({ gpus }) => gpus.flatMap((gpu) => gpu.type ?? []));
  if (type === undefined || types.length === 0) {
    return [];
  }
  const names = [...new Set(types)];
  const isKnown = names.some((name) => name.toLowerCase() === type.toLowerCase());
  const where = partition === undefined ? 'here' : `in ${partition}`;
  return isKnown
    ? []
    : [error(`no GPU of type "${type}" is ${where}`, suggestion(type, `types ${where}`, names))];
}

/** Warns of unknown accounts and QOS; some sites accept names that accounting does not know. */
function checkAccounts(host: CheckContext, own: readonly Association[]): Finding[] {
  const jobs = listJobSettings(host);
  const accounts = [...new Set(own.map(({ account }) => account))];
  const unknown = findUnknown(
    jobs.map(({ account = '' }) => account),
    accounts,
  );
  const unusable = jobs.flatMap(({ account, qos }) => {
    const usable = own
      .filter((each) => account === undefined || unknown.includes(account) || each.account === account)
      .flatMap((each) => each.qos);
    return findUnknown([qos ?? ''], usable).map((name) => ({ name, usable }));
  });
  return [
    ...unknown.map((name) =>
      warning(`"${name}" is not one of your accounts on this cluster`, suggestion(name, 'yours', accounts)),
    ),
    ...[...new Map(unusable.map((each) => [each.name, each.usable]))].map(([name, usable]) =>
      warning(
        `"${name}" is not one of your QOS on this cluster`,
        suggestion(name, 'yours', [...new Set(usable)]),
      ),
    ),
  ];
}

function findUnknown(names: readonly string[], known: readonly string[]): string[] {
  return [...new Set(names)].filter((name) => name !== '' && !known.includes(name));
}
