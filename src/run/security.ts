import type { Output } from '../support/output.ts';
import type { RunPlan } from './plan/run-plan.ts';

/** Warns of ports of a run's server that other users can reach. */
export function warnOfOpenPorts(plan: RunPlan, output: Output): void {
  if (plan.security === 'none') {
    const who = plan.serve ? 'everybody who reaches the node' : 'every user of the node';
    output.warn(`security: none: ${who} can call the server, and unload its models`);
    return;
  }
  const open = [...(plan.http ? ['http'] : []), ...(plan.metrics ? ['metrics'] : [])];
  if (open.length > 0) {
    output.warn(
      `${open.join(' and ')}: Triton has no TLS there: open on loopback only, to every user of the node; only gRPC is secure`,
    );
  }
}
