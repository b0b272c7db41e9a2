import type { Output } from '../support/output.ts';
import type { PreparedRun } from './prepare.ts';

/** What `--dry-run` tells of a run: its script, or with `json` its plan too. */
export function printScript({ plan, script }: PreparedRun, json: boolean, output: Output): void {
  if (json) {
    output.json({ plan, script });
  } else {
    output.result(script.replace(/\n$/, ''));
  }
}
