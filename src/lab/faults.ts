import path from 'node:path';
import { renderTemplate } from '../render/template.ts';
import { expectSuccess } from '../support/processes/command.ts';
import { HpcGatError, UsageError } from '../support/errors.ts';
import { runInNode } from './exec.ts';
import { nodeDirectory, getNode, nodeWithRole, type Lab } from './open-lab.ts';
import { startNode } from './nodes.ts';
import { findRunningProcess } from './processes.ts';
import { waitUntilReady } from './ready.ts';
import { requireLabState } from './lab-state.ts';

const TIMEOUT_MS = 20_000;

/** Restarts a node and waits until its services answer. */
export async function restartNode(lab: Lab, name: string): Promise<void> {
  const { role } = getNode(lab, name);
  const { rootfs, binds, modes } = await requireLabState(lab);
  await startNode(lab, name, { root: path.join(rootfs, 'root'), binds, modes });
  if (role === 'compute' || role === 'workstation') {
    const nodes = role === 'compute' ? [name] : [];
    await waitUntilReady(lab, nodes, { docker: role === 'workstation', timeoutMs: 60_000 });
  }
}

/** Stops slurmctld in order, kills it, or starts it and waits until it answers. */
export async function setController(lab: Lab, action: 'stop' | 'kill' | 'start'): Promise<void> {
  const script = await renderTemplate('lab/controller-action.sh.hbs', { action });
  expectSuccess(
    await runInNode(lab, nodeWithRole(lab, 'controller'), ['/bin/bash', '-s'], {
      user: 'root',
      input: script,
      timeoutMs: TIMEOUT_MS,
      signal: lab.context.signal,
    }),
    `lab controller ${action}`,
  );
}

/** Replaces the stand-in `nvidia-smi` of a GPU node by one that fails as without a driver, or restores it. */
export async function setGpu(lab: Lab, name: string, state: 'broken' | 'ok'): Promise<void> {
  const node = getNode(lab, name);
  if (node.role !== 'compute' || node.gpus === undefined) {
    throw new UsageError(`node ${name} has no GPU`);
  }
  if ((await findRunningProcess(nodeDirectory(lab, name).pidFile)) === undefined) {
    throw new HpcGatError(`node ${name} is down`, { fix: `hpc-gat lab start ${name}` });
  }
  const source = state === 'broken' ? 'nvidia-smi-broken' : 'nvidia-smi';
  // The file is written in place, because running containers have bound it.
  expectSuccess(
    await runInNode(lab, name, ['cp', `/usr/lib/hpc-gat-lab/${source}`, '/usr/bin/nvidia-smi'], {
      user: 'root',
      timeoutMs: TIMEOUT_MS,
    }),
    `lab gpu ${name} ${state}`,
  );
}
