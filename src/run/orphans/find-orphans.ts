import { lstat, readdir, readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import type { CompleteSettings } from '../../config/defaults.ts';
import type { Context } from '../../support/context.ts';
import { explainDirectoryConcern } from '../../support/files/ownership.ts';
import { isRunning, processHost, type ProcessIdentity } from '../../support/processes/process-identity.ts';
import { getOwnAccount, getOwnUid } from '../../support/own-account.ts';
import { isListed, readText } from '../../support/files/shared-files.ts';
import { generatedRunId } from '../plan/run-id.ts';

/** Resources of a run on this host whose run directory was removed. */
export interface Orphan {
  readonly run: string;
  readonly host: string;
  /** User who started the run. */
  readonly user: string;
  /** Run directory; undefined when no record names it. */
  readonly runDirectory: string | undefined;
  readonly ageSeconds: number;
  /** Temporary directories of the run on this host. */
  readonly directories: readonly string[];
  /** Directory with copies of the run's records; undefined when there is none. */
  readonly records: string | undefined;
  /** Process id of the run's script, while it runs or may run. */
  readonly scriptPid: number | undefined;
  /** True when the script belongs to another PID namespace of this host, such as a container's. */
  readonly isHidden?: boolean;
}

/** Matches the directories that `mktemp` creates in the script of a run (templates/run). */
const runDirectoryName = /^hpc-gat-(.+)\.[A-Za-z0-9]{6}$/;
/** Name of the directory with copies of a run's records, in each directory that the run creates. */
const copies = '.hpc-gat';
/** Age below which an unused directory without records is left alone: a run of an earlier version may be starting. */
const youngSeconds = 3_600;

/** Directory of a run on this host, with the records that it contains. */
interface RunDirectory {
  readonly run: string;
  readonly directory: string;
  readonly ageSeconds: number;
  readonly records: Records | undefined;
}

interface Records {
  readonly directory: string;
  readonly runDirectory: string;
  readonly host: string;
  readonly script: ProcessIdentity;
}

/**
 * Finds resources of this user's runs on this host that no run directory records. A run whose script runs is included
 * only when its run directory was removed. A run whose run directory exists is left to `cleanup` in its project.
 */
export async function findOrphans(
  { env, clock }: Pick<Context, 'env' | 'clock'>,
  { node }: Pick<CompleteSettings, 'node'>,
): Promise<Orphan[]> {
  const configured = node.temp.map(
    (directory) => (directory.startsWith('$') ? env[directory.slice(1)] : directory) ?? '',
  );
  const parents = new Set(
    [...configured, '/tmp', '/var/tmp', '/dev/shm'].filter((directory) => path.isAbsolute(directory)),
  );
  const found = (
    await Promise.all([...parents].map((parent) => listRunDirectories(parent, clock.now())))
  ).flat();
  const [known, unknown] = [
    found.filter(({ records }) => records !== undefined),
    found.filter(({ records }) => records === undefined),
  ];
  const used = unknown.length === 0 ? '' : await readOwnMounts();
  return [
    ...(await groupByScript(known)),
    ...unknown
      .filter(
        ({ directory, ageSeconds }) =>
          ageSeconds >= youngSeconds && !used.includes(`/${path.basename(directory)}`),
      )
      .map(({ run, directory, ageSeconds }) => ({
        ...{ run, ageSeconds, directories: [directory], host: hostname(), user: getUserName() },
        ...{ runDirectory: undefined, records: undefined, scriptPid: undefined },
      })),
  ];
}

/** Returns the name of this user for the report. */
function getUserName(): string {
  return getOwnAccount().name ?? String(getOwnUid());
}

async function groupByScript(directories: readonly RunDirectory[]): Promise<Orphan[]> {
  const byScript = new Map<string, { first: RunDirectory; records: Records; all: string[] }>();
  for (const each of directories) {
    const { records, directory } = each;
    if (records?.host === hostname() && (await isGone(records.runDirectory))) {
      const key = JSON.stringify([records.runDirectory, records.script]);
      const known = byScript.get(key) ?? { first: each, records, all: [] };
      known.all.push(directory);
      byScript.set(key, known);
    }
  }
  return [...byScript.values()].map(({ first, records, all }) => ({
    run: first.run,
    host: records.host,
    user: getUserName(),
    runDirectory: records.runDirectory,
    ageSeconds: first.ageSeconds,
    directories: all,
    records: records.directory,
    scriptPid: isRunning(records.script) === false ? undefined : records.script.pid,
    ...(isRunning(records.script) === undefined && { isHidden: true }),
  }));
}

/** Returns whether a file is certainly missing; a file that cannot be accessed may exist. */
async function isGone(file: string): Promise<boolean> {
  return isListed(file).then(
    (exists) => !exists,
    () => false,
  );
}

/** Lists directories that runs of this user created. */
async function listRunDirectories(parent: string, now: Date): Promise<RunDirectory[]> {
  const names = await readdir(parent).catch(() => []);
  // Where others can rename entries, any directory of this user may have such a name.
  const canBeRenamed = (await explainDirectoryConcern(parent)) !== undefined;
  const directories = await Promise.all(
    names.map(async (name) => {
      const run = runDirectoryName.exec(name)?.[1];
      const directory = path.join(parent, name);
      const state = run === undefined ? undefined : await statOwnDirectory(directory);
      const records = state === undefined ? undefined : await readRecords(path.join(directory, copies));
      // A user may choose such a name too, for example with `mktemp`: without records the id must be a
      // generated one.
      return run === undefined ||
        state === undefined ||
        (records === undefined && (canBeRenamed || !generatedRunId.test(run)))
        ? []
        : [
            {
              ...{ run, directory, records },
              ageSeconds: Math.max(0, Math.round((now.getTime() - state.mtimeMs) / 1_000)),
            },
          ];
    }),
  );
  return directories.flat();
}

/** Reads the facts of a directory; undefined unless it is a directory of this user. */
async function statOwnDirectory(directory: string): Promise<{ mtimeMs: number } | undefined> {
  const state = await lstat(directory).catch(() => undefined);
  return state?.isDirectory() === true && state.uid === process.getuid?.() ? state : undefined;
}

async function readRecords(directory: string): Promise<Records | undefined> {
  if ((await statOwnDirectory(directory)) === undefined) {
    return undefined;
  }
  const read = async (name: string): Promise<string> =>
    ((await readText(path.join(directory, name)).catch(() => undefined)) ?? '').replace(/\n$/, '');
  const [runDirectory, host, script, namespace] = await Promise.all(
    ['run-directory', 'host', 'script', 'pid-namespace'].map(read),
  );
  const [, pid, startTicks] = /^(\d+) (\d+)$/.exec(script ?? '') ?? [];
  return runDirectory === undefined ||
    !path.isAbsolute(runDirectory) ||
    host === undefined ||
    pid === undefined
    ? undefined
    : {
        ...{ directory, runDirectory, host },
        script: {
          host: processHost(host, namespace),
          pid: Number(pid),
          startTicks: Number(startTicks),
        },
      };
}

/** Reads the mounts of every process that this user may read. */
async function readOwnMounts(): Promise<string> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const tables = await Promise.all(
    names.map((pid) => readFile(`/proc/${pid}/mountinfo`, 'utf8').catch(() => '')),
  );
  return [...new Set(tables)].join('\n');
}
