import { renderTemplate } from '../render/template.ts';
import { directiveLine } from '../slurm/directives.ts';
import type { RunPlan } from './plan.ts';

/**
 * The bash script of a run: for a job with its `#SBATCH` lines, for a local run the same without them.
 *
 * @throws {UsageError} for a value that cannot stand in such a script.
 */
export function renderScript(plan: RunPlan): Promise<string> {
  return renderTemplate('run/script.sh.hbs', { ...plan, directiveLines: plan.directives.map(directiveLine) });
}
