import path from 'node:path';
import type { CompleteSettings } from '../../config/defaults.ts';
import { createBashEnvironment } from '../../support/processes/bash-environment.ts';
import { expectSuccess } from '../../support/processes/command.ts';
import type { Context } from '../../support/context.ts';
import { CommandFailedError, getErrorMessage } from '../../support/errors.ts';
import { removeTree } from '../../support/files/remove-tree.ts';
import { isListed } from '../../support/files/shared-files.ts';
import type { CleanupPlan } from '../plan/cleanup-plan.ts';
import { renderRelease } from '../plan/script.ts';
import { endMs } from '../release.ts';
import type { Orphan } from './find-orphans.ts';

/** Orphan with the action that was taken, or would be taken without `dryRun`. */
export interface OrphanReport extends Orphan {
  readonly done: string;
  /** True when the orphan is left alone because its script still runs. */
  readonly isLeft: boolean;
}

/**
 * Ends the resources of a removed run with the cleanup code of the run's own script, and removes its directories. A run whose
 * script still runs is reported and left alone.
 *
 * @throws {CommandFailedError} when a resource could not be ended.
 */
export async function endOrphan(
  context: Context,
  settings: CompleteSettings,
  orphan: Orphan,
  { dryRun }: { readonly dryRun: boolean },
): Promise<OrphanReport> {
  const isLeft = orphan.scriptPid !== undefined;
  if (!isLeft && !dryRun) {
    await endRecorded(context, settings, orphan);
    for (const directory of orphan.directories) {
      await removeDirectory(directory);
    }
  }
  return { ...orphan, isLeft, done: formatOrphan(orphan) };
}

async function removeDirectory(directory: string): Promise<void> {
  try {
    await removeTree(directory);
  } catch (cause) {
    throw new CommandFailedError(`${directory} cannot be removed: ${getErrorMessage(cause)}`, {
      fix: 'check the owners of its files with `ls -lR`, and remove it by hand',
      cause,
    });
  }
}

/** Ends recorded resources with the setup lines and the runtime of this project, because the run's own are lost. */
async function endRecorded(context: Context, settings: CompleteSettings, orphan: Orphan): Promise<void> {
  const { records, run, host } = orphan;
  if (records === undefined) {
    return;
  }
  const isDocker = await isListed(path.join(records, 'network'));
  const plan: CleanupPlan = {
    ...{ id: run, setup: settings.setup, directives: [], stopSeconds: settings.triton.stopSeconds },
    runtime: isDocker ? 'docker' : settings.runtime === 'docker' ? 'apptainer' : settings.runtime,
    ...(isDocker && { dockerHost: context.env.DOCKER_HOST ?? '' }),
  };
  const input = await renderRelease(plan, records);
  const result = await context.run('bash', ['--norc', '-s'], {
    input,
    env: createBashEnvironment(context.env),
    timeoutMs: endMs,
  });
  expectSuccess(result, `ending what run ${run} left on ${host}`);
  if (await isListed(records)) {
    throw new CommandFailedError(`run ${run} has resources left on ${host}, recorded in ${records}`, {
      fix: 'list your processes there with `ps -u $USER` and `apptainer instance list`, end them, then repeat this cleanup',
    });
  }
}

function formatOrphan({
  run,
  host,
  user,
  runDirectory,
  ageSeconds,
  scriptPid,
  isHidden,
  directories,
}: Orphan): string {
  const whose = `${user}, ${formatAge(ageSeconds)} old`;
  if (scriptPid !== undefined) {
    const left = `left alone on ${host}: run ${run} (${whose}), whose directory ${runDirectory ?? ''} was removed`;
    return isHidden === true
      ? `${left}: its script may run in another PID namespace, such as a container's, as process ${scriptPid} there; repeat this cleanup in that container`
      : `${left}: its script, process ${scriptPid}, runs; cancel its job, or send SIGTERM to that process`;
  }
  return runDirectory === undefined
    ? `remove ${directories.join(', ')} on ${host} (${whose}), which nothing uses`
    : `end and remove the remaining resources on ${host} (${whose}) of a run whose directory ${runDirectory} was removed: server, container, shared memory, temporary files`;
}

function formatAge(seconds: number): string {
  const [size, unit] = (
    [
      [86_400, 'd'],
      [3_600, 'h'],
      [60, 'min'],
    ] as const
  ).find(([least]) => seconds >= least) ?? [1, 's'];
  return `${Math.floor(seconds / size)} ${unit}`;
}
