import { renderTemplate } from '../../render/template.ts';
import { listScriptSettings } from '../../apptainer/site-configuration.ts';
import { formatDirective } from '../../slurm/directives.ts';
import { hashBytes } from '../../support/files/digest.ts';
import type { CleanupPlan } from './cleanup-plan.ts';
import type { RunPlan } from './run-plan.ts';

/**
 * Renders the bash script of a run: for a job with `#SBATCH` lines, for a local run the same without them.
 *
 * @throws {UsageError} for a value that cannot be part of such a script.
 */
export function renderScript(plan: RunPlan): Promise<string> {
  return renderTemplate('run/script.sh.hbs', {
    ...plan,
    ...getRuntimeValues(plan),
    container: getContainerName(plan),
    modelNames: plan.models.map(({ name }) => name),
    workloads: plan.models.map(({ workload }) => workload),
    directiveLines: plan.directives.map(formatDirective),
    fatalSettings: listScriptSettings(),
  });
}

/**
 * Renders the bash script that ends on a node the resources of a run, as the run's own script does.
 *
 * @param owned directory of the records of these resources
 */
export function renderRelease(plan: CleanupPlan, owned: string): Promise<string> {
  return renderTemplate('run/release.sh.hbs', { ...plan, ...getRuntimeValues(plan), owned });
}

/**
 * Returns the name of the run's instance, or of its container and network. Instances belong to a user,
 * containers to a daemon; a run with the same id in another project has a different name.
 */
function getContainerName({ id, runDirectory }: RunPlan): string {
  return `hpc-gat-${id}-${hashBytes(runDirectory).slice(0, 8)}`;
}

/**
 * Returns the values that depend on the runtime: files of `templates/run` with the same functions, and the
 * program.
 */
function getRuntimeValues({ runtime }: Pick<RunPlan, 'runtime'>) {
  const family = runtime === 'docker' ? 'docker' : 'apptainer';
  return {
    runtimePartials: {
      runtime: `${family}-runtime`,
      container: `${family}-container`,
      release: `${family}-release`,
    },
    // Sites name Singularity, or have only that; commands and options are the same.
    runtimePrograms: runtime === 'apptainer' ? ['apptainer', 'singularity'] : [runtime],
  };
}
