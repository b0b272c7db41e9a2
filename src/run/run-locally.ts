import { existsSync } from 'node:fs';
import type { Project } from '../config/load.ts';
import { createBashEnvironment } from '../support/processes/bash-environment.ts';
import type { Context } from '../support/context.ts';
import { getScriptOutcome, type Outcome } from './record/outcome.ts';
import { checkInputs, prepareRun, type RunOptions } from './prepare.ts';
import { followRun } from './record/follow-run.ts';
import { RunDirectory } from './record/run-directory.ts';
import { TolerantReader } from './report-deadline.ts';
import { warnOfOpenPorts } from './security.ts';

const pollMs = 200;

/**
 * Starts, tests and ends a run on this node, in the foreground. When `context.signal` aborts, the script gets
 * SIGTERM and cleans up; the signal's reason is thrown after that.
 *
 * @throws {UsageError} when an input of the run is missing.
 */
export async function runLocally(
  context: Context,
  project: Project,
  options: Omit<RunOptions, 'kind'>,
): Promise<{ record: RunDirectory; outcome: Outcome }> {
  const { plan, script } = await prepareRun(project, { ...options, kind: 'local' }, context);
  await checkInputs(plan, context);
  warnOfOpenPorts(plan, context.output);
  const record = await RunDirectory.create(plan, script);
  const progress = followRun(record, context.output);
  const reader = new TolerantReader(context);
  const executing = executeScript(context, record, plan.stopSeconds);
  const over = executing.then(
    () => true,
    () => true,
  );
  while (!(await Promise.race([over, context.clock.sleep(pollMs).then(() => false)]))) {
    await reader.attempt(() => progress.poll());
  }
  await reader.attempt(() => progress.finish());
  await executing;
  const ended = await record.ended();
  return {
    record,
    outcome: getScriptOutcome(
      ended ?? { exitCode: 1, reason: existsSync(record.directory) ? 'script-failed' : 'run-folder-removed' },
    ),
  };
}

async function executeScript(context: Context, record: RunDirectory, stopSeconds: number): Promise<void> {
  const [script, log] = [record.file('batch.sh'), record.file('batch.log')];
  await context.run('bash', ['--norc', '-c', 'exec bash "$1" >"$2" 2>&1', 'run', script, log], {
    env: createBashEnvironment(context.env),
    signal: context.signal,
    // Ctrl-C reaches only this process, which then terminates the script.
    ownSession: true,
    forceKillAfterMs: (stopSeconds + 30) * 1_000,
  });
}
