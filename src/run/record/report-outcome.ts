import type { Output } from '../../support/output.ts';
import type { Outcome } from './outcome.ts';
import type { RunDirectory } from './run-directory.ts';

/** Says how a run ended and where its files lie; gives its exit code. */
export function reportOutcome({ exitCode, message }: Outcome, record: RunDirectory, output: Output): number {
  output.info(`run ${record.id}: ${message} (exit code ${exitCode})`);
  output.info(`  files: ${record.directory}`);
  return exitCode;
}
