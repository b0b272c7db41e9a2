import type { Output } from '../support/output.ts';
import { toPlanDocument } from './plan/run-plan.ts';
import type { PreparedRun } from './prepare.ts';

/** Prints the script of a run for `--dry-run`, with `json` also its plan. */
export function printScript({ plan, script }: PreparedRun, json: boolean, output: Output): void {
  if (json) {
    output.json({ plan: toPlanDocument(plan), script });
  } else {
    output.result(script.replace(/\n$/, ''));
  }
}
