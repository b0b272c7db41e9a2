import type { Project } from '../config/load.ts';
import type { Context } from '../support/context.ts';
import { toPlanDocument } from './plan/run-plan.ts';
import { prepareRun, type RunOptions } from './prepare.ts';

/** Prepares a run and prints its script instead of executing it, with `json` also its plan. */
export async function printScript(
  project: Project,
  options: RunOptions,
  json: boolean,
  context: Pick<Context, 'clock' | 'env' | 'output'>,
): Promise<void> {
  const { plan, script } = await prepareRun(project, options, context);
  if (json) {
    context.output.json({ plan: toPlanDocument(plan), script });
  } else {
    context.output.result(script.replace(/\n$/, ''));
  }
}
