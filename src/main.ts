import { runCli } from './cli.ts';
import type { Context } from './support/context.ts';
import { systemClock } from './support/clock.ts';
import { runCommand } from './support/processes/command.ts';
import { restartWithoutGuardRegions } from './support/processes/address-space.ts';
import { ExitCode, HpcGatError, InterruptedError, UsageError } from './support/errors.ts';
import { createOutput, type Output } from './support/output.ts';
import { getPackageVersion } from './support/package/package-version.ts';
import { toUserError } from './support/files/fs-errors.ts';

/** The whole program, callable in-process: resolves to the exit code and never throws. */
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

/** One Ctrl-C can arrive twice: from the terminal, and handed on by npm or another parent. */
const samePressMs = 500;

/** What bin/hpc-gat.js calls: the process's own arguments, environment and signals. */
export async function start(): Promise<void> {
  restartWithoutGuardRegions(process);
  const interruption = new AbortController();
  let firstMs: number | undefined;
  const onSignal = (signal: 'SIGINT' | 'SIGTERM') => {
    firstMs ??= Date.now();
    if (Date.now() - firstMs > samePressMs) {
      // The second time: at once. Without a listener of ours the signal ends the process.
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
      process.kill(process.pid, signal);
    }
    interruption.abort(new InterruptedError(signal));
  };
  // Not `once`: execa's own listener would then find itself alone and end the process before it cleaned up.
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  // eslint-disable-next-line no-restricted-properties -- the one place where the environment enters.
  const { env } = process;
  const output = createOutput(process);
  const cwd = workingDirectory();
  if (cwd === undefined) {
    const gone = new UsageError('the working directory is gone', {
      fix: 'change into one that is there: cd',
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

/** Undefined where somebody has removed it meanwhile. */
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
