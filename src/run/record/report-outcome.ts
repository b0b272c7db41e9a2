import type { Output } from '../../support/output.ts';
import type { Outcome } from './outcome.ts';
import type { RunDirectory } from './run-directory.ts';

/** Reports the outcome of a run and where its files are. Returns the exit code. */
export function reportOutcome({ exitCode, message }: Outcome, record: RunDirectory, output: Output): number {
  output.info(`run ${record.id}: ${message} (exit code ${exitCode})`);
  output.info(`  files: ${record.directory}`);
  return exitCode;
}
