import { runCli } from './cli.ts';
import type { Context } from './support/context.ts';
import { systemClock } from './support/clock.ts';
import { runCommand } from './support/processes/command.ts';
import { restartWithoutGuardRegions } from './support/processes/address-space.ts';
import { ExitCode, HpcGatError, InterruptedError, UsageError } from './support/errors.ts';
import { createOutput, type Output } from './support/output.ts';
import { getPackageVersion } from './support/package/package-version.ts';
import { toUserError } from './support/files/fs-errors.ts';

/** Runs the program inside this process. Resolves to the exit code and never throws. */
export async function main(argv: readonly string[], context: Context): Promise<number> {
  try {
    return await runCli(argv, context, getPackageVersion());
  } catch (error) {
    return report(
      context.signal.aborted ? context.signal.reason : toUserError(error),
      context.output,
      context.env,
    );
  }
}

/**
 * Interval in which repeated signals count as one Ctrl-C: the terminal sends it, and npm or another parent
 * forwards it.
 */
const samePressMs = 500;

/**
 * Entry point for bin/hpc-gat.js: runs the program with the arguments, environment and signals of the
 * process.
 */
export async function start(): Promise<void> {
  restartWithoutGuardRegions(process);
  const interruption = new AbortController();
  let firstMs: number | undefined;
  const onSignal = (signal: 'SIGINT' | 'SIGTERM') => {
    firstMs ??= Date.now();
    if (Date.now() - firstMs > samePressMs) {
      // A second signal ends the process immediately: without a listener its default action applies.
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
      process.kill(process.pid, signal);
    }
    interruption.abort(new InterruptedError(signal));
  };
  // `once` would leave execa's listener as the only one, which then ends the process before it has cleaned
  // up.
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  // eslint-disable-next-line no-restricted-properties -- the one place where the environment enters.
  const { env } = process;
  const output = createOutput(process);
  const cwd = workingDirectory();
  if (cwd === undefined) {
    const gone = new UsageError('the working directory was removed', {
      fix: 'change to an existing directory: cd',
    });
    process.exitCode = report(gone, output, env);
    return;
  }
  process.exitCode = await main(process.argv.slice(2), {
    env,
    cwd,
    output,
    run: runCommand,
    clock: systemClock,
    signal: interruption.signal,
  });
}

/** Returns the working directory; undefined when it was removed. */
function workingDirectory(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}

function report(error: unknown, output: Output, env: Context['env']): number {
  if (!(error instanceof HpcGatError)) {
    output.info(
      `hpc-gat: this is a bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
    output.info('Please report it with the command that led here.');
    return ExitCode.bug;
  }
  output.info(`hpc-gat: ${error.message}`);
  if (error.fix !== undefined) {
    output.info(`  fix: ${error.fix}`);
  }
  if (error.log !== undefined) {
    output.info(`  log: ${error.log}`);
  }
  if (env.HPC_GAT_DEBUG !== undefined && env.HPC_GAT_DEBUG !== '') {
    output.info(error.stack ?? '');
  }
  return error.exitCode;
}

// `node src/main.ts` runs the program too; bin/hpc-gat.js and the single executable call `start` themselves.
if (process.argv[1] !== undefined && process.argv[1] === import.meta.filename) {
  void start();
}
