import type { ContainerView } from '../../model/check/links.ts';
import type { RunPlan } from './plan.ts';

/**
 * Which folders of the host the server's container sees, as far as the plan tells: `binds`, and perhaps the working
 * directory, which Apptainer mounts where it can, and what `setup` or further options of the runtime name.
 */
export function containerView(plan: RunPlan, cwd: string): ContainerView {
  const mounts = plan.binds.map((source, index) => ({
    source,
    destination: plan.bindTargets[index] ?? source,
  }));
  const named = [...plan.setup, ...plan.containerArguments]
    .filter((text) => !text.startsWith('type=bind,'))
    .flatMap((text) => text.match(/(?<=^|[\s=:,"'])\/[^\s:,;"']+/g) ?? []);
  return { mounts, perhaps: plan.runtime === 'docker' ? named : [cwd, ...named] };
}
