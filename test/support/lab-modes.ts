import { afterAll, beforeAll } from '@jest/globals';
import path from 'node:path';
import type { LabModes } from '../../src/lab/modes.ts';
import { killNode, startNode } from '../../src/lab/nodes.ts';
import { listComputeNodes, waitUntilReady } from '../../src/lab/ready.ts';
import { requireLabState } from '../../src/lab/lab-state.ts';
import { testLab } from './test-lab.ts';

/** Starts a node of the shared lab with these modes for a group of tests, and restores it afterwards. */
export function withModes(node: string, modes: LabModes): void {
  const restart = async (wanted: LabModes): Promise<void> => {
    const lab = await testLab();
    const { rootfs, binds } = await requireLabState(lab);
    await killNode(lab, node);
    await startNode(lab, node, { root: path.join(rootfs, 'root'), binds, modes: wanted });
    const nodes = listComputeNodes(lab).filter((name) => name === node);
    await waitUntilReady(lab, nodes, { docker: false, timeoutMs: 60_000 });
  };
  beforeAll(() => restart(modes), 90_000);
  afterAll(() => restart({}), 90_000);
}
