import type { Output } from '../support/output.ts';
import type { PreparedRun } from './prepare.ts';

/**
 * Prints the script of a run for `--dry-run`, with `json` also its plan. The JSON document contains the run directory under
 * its former key `runFolder` too, for scripts written for earlier versions.
 */
export function printScript({ plan, script }: PreparedRun, json: boolean, output: Output): void {
  if (json) {
    output.json({ plan: { ...plan, runFolder: plan.runDirectory }, script });
  } else {
    output.result(script.replace(/\n$/, ''));
  }
}
