import type { ContainerView } from '../../model/check/links.ts';
import type { RunPlan } from './run-plan.ts';

/**
 * Returns the directories of the host that the server's container mounts, as far as the plan shows them: `binds`, and possibly
 * the working directory, which Apptainer mounts where it can, and directories that `setup` or runtime options name.
 */
export function planContainerView(plan: RunPlan, cwd: string): ContainerView {
  const mounts = plan.binds.map((source, index) => ({
    source,
    destination: plan.bindTargets[index] ?? source,
  }));
  const named = [...plan.setup, ...plan.containerArguments]
    .filter((text) => !text.startsWith('type=bind,'))
    .flatMap((text) => text.match(/(?<=^|[\s=:,"'])\/[^\s:,;"']+/g) ?? []);
  return { mounts, possible: plan.runtime === 'docker' ? named : [cwd, ...named] };
}
