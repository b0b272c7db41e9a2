import { listAssociations, type Association } from '../slurm/account.ts';
import { queryController } from '../slurm/controller.ts';
import { listPartitions, type Partition } from '../slurm/list-partitions.ts';
import type { Context } from '../support/context.ts';
import { getOwnName } from '../support/own-account.ts';
import { findProgram } from '../support/processes/find-program.ts';
import { suggestion } from '../support/text/suggest.ts';
import { type Check, error, type Finding, note, ok, type CheckContext, warning } from './check.ts';

/** The names that the configuration uses, against those that Slurm knows. */
export const nameChecks: readonly Check[] = [
  {
    name: 'partitions',
    examine: async (patient) => {
      if (!(await hasCluster(patient.context, ['sinfo', 'scontrol']))) {
        return note('not asked: no Slurm here');
      }
      const { clusters } = patient.settings.slurm.sbatch;
      const known = await listPartitions(
        patient.context,
        typeof clusters === 'string' ? clusters : undefined,
      );
      const findings = [...checkPartitions(patient, known), ...checkGpuType(patient, known)];
      const names = known.map(({ name }) => name).join(', ');
      return findings.length > 0 ? findings : ok(`here: ${names}`);
    },
  },
  {
    name: 'accounts',
    examine: async (patient) => {
      const { context } = patient;
      if (!(await hasCluster(context, ['sacctmgr', 'scontrol']))) {
        return note('not asked: no accounting of Slurm here');
      }
      const own = await listAssociations(context, getOwnName(context));
      if (own.length === 0) {
        return note('accounting tells of none of yours');
      }
      const findings = checkAccounts(patient, own);
      const names = [...new Set(own.map(({ account }) => account))].join(', ');
      return findings.length > 0 ? findings : ok(`yours: ${names}`);
    },
  },
];

async function hasCluster(context: Context, asked: readonly string[]): Promise<boolean> {
  return (
    asked.every((program) => findProgram(program, context.env) !== undefined) &&
    (await queryController(context)).state !== 'none'
  );
}

/** What jobs are asked with, without a GPU and with one. */
function listJobSettings({ settings: { slurm } }: CheckContext) {
  return [slurm, { ...slurm, ...slurm.gpu }];
}

function checkPartitions(patient: CheckContext, known: readonly Partition[]): Finding[] {
  const names = known.map(({ name }) => name);
  // Several may be named, with commas.
  const wanted = listJobSettings(patient).flatMap(({ partition = '' }) => partition.split(','));
  return findUnknown(wanted, names).map((name) =>
    error(`"${name}" is not here`, suggestion(name, 'partitions here', names)),
  );
}

/** Slurm does not care for capitals in them. */
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

/** A warning: not every site refuses what accounting does not know. */
function checkAccounts(patient: CheckContext, own: readonly Association[]): Finding[] {
  const jobs = listJobSettings(patient);
  const accounts = [...new Set(own.map(({ account }) => account))];
  const foreign = findUnknown(
    jobs.map(({ account = '' }) => account),
    accounts,
  );
  const unusable = jobs.flatMap(({ account, qos }) => {
    const usable = own
      .filter((each) => account === undefined || foreign.includes(account) || each.account === account)
      .flatMap((each) => each.qos);
    return findUnknown([qos ?? ''], usable).map((name) => ({ name, usable }));
  });
  return [
    ...foreign.map((name) =>
      warning(`"${name}" is no account of yours`, suggestion(name, 'yours', accounts)),
    ),
    ...[...new Map(unusable.map((each) => [each.name, each.usable]))].map(([name, usable]) =>
      warning(`"${name}" is no QOS of yours`, suggestion(name, 'yours', [...new Set(usable)])),
    ),
  ];
}

function findUnknown(wanted: readonly string[], known: readonly string[]): string[] {
  return [...new Set(wanted)].filter((name) => name !== '' && !known.includes(name));
}
