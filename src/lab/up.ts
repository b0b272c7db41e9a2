import { chmod, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { renderTemplate } from '../render/template.ts';
import { UsageError } from '../support/errors.ts';
import type { Bind } from './lab-binds.ts';
import { writeConfiguration } from './configuration.ts';
import { takeDown } from './down.ts';
import { listNodes, type Lab } from './open-lab.ts';
import { withLock } from './lab-lock.ts';
import { startSwitch } from './network.ts';
import { startNode } from './nodes.ts';
import { formatModes, type LabModes } from './modes.ts';
import { listComputeNodes, waitUntilReady } from './ready.ts';
import { readLabState, writeLabState } from './lab-state.ts';
import { checkRequirements } from './requirements.ts';
import { provideRootFilesystem } from './rootfs.ts';

const READY_TIMEOUT_MS = 60_000;

/** Options of `lab up`. */
export interface LabOptions {
  readonly binds: readonly Bind[];
  readonly modes: LabModes;
}

/**
 * Brings the lab up and waits until Slurm and Docker answer. For a lab that is up, starts the nodes that are
 * down.
 *
 * @throws {UsageError} when the lab is up with other binds or modes.
 */
export async function labUp(lab: Lab, { binds, modes }: LabOptions): Promise<void> {
  const { context } = lab;
  await checkRequirements(context);
  await withLock(`${lab.directory}.lock`, `the lab "${lab.name}"`, context, async () => {
    const before = await readLabState(lab);
    if (before === undefined) {
      // Removes the remains of a killed `up`.
      await takeDown(lab, { wipe: false });
    } else {
      rejectOtherBinds(lab, before.binds, binds);
      rejectOtherModes(lab, before.modes, modes);
    }
    const rootfs = before?.rootfs ?? (await provideRootFilesystem(context, lab.cluster)).directory;
    const started = context.clock.now().getTime();
    const record = before ?? { schemaVersion: 1 as const, rootfs, binds: [...binds], modes };
    try {
      await start(lab, path.join(rootfs, 'root'), record);
    } catch (error) {
      if (context.signal.aborted) {
        await takeDown(lab, { wipe: false });
      }
      throw error;
    }
    await writeLabState(lab, record);
    const seconds = (context.clock.now().getTime() - started) / 1000;
    context.output.info(`lab "${lab.name}" is up: ${listNodes(lab).length} nodes, ${seconds.toFixed(1)} s`);
  });
}

/** Rejects other binds: those of a running node cannot change. */
function rejectOtherBinds({ name }: Lab, present: readonly Bind[], wanted: readonly Bind[]): void {
  if (wanted.length > 0 && JSON.stringify(present) !== JSON.stringify(wanted)) {
    const shown = present.map(({ source, target }) => `${source}:${target}`).join(', ');
    throw new UsageError(`the lab "${name}" is up with other binds: ${shown === '' ? 'none' : shown}`, {
      fix: `hpc-gat lab down --name ${name}, then up with these`,
    });
  }
}

function rejectOtherModes({ name }: Lab, present: LabModes, wanted: LabModes): void {
  const [current, requested] = [formatModes(present), formatModes(wanted)];
  if (requested.some((option) => !current.includes(option))) {
    throw new UsageError(
      `the lab "${name}" is up ${current.length === 0 ? 'without modes' : `with ${current.join(' ')}`}, not with ${requested.join(' ')}`,
      { fix: `hpc-gat lab down --name ${name}, then up with these` },
    );
  }
}

async function start(lab: Lab, root: string, { binds, modes }: LabOptions): Promise<void> {
  await writeConfiguration(lab, root);
  const wrapper = path.join(lab.directory, 'etc', 'hpc-gat');
  await writeFile(wrapper, await renderTemplate('lab/hpc-gat.hbs', {}));
  await chmod(wrapper, 0o755);
  await startSwitch(lab);
  const starts = await Promise.allSettled(
    listNodes(lab).map(([name]) => startNode(lab, name, { root, binds, modes })),
  );
  // Waits for every start, because an interrupted `up` must take down all nodes.
  for (const start of starts) {
    if (start.status === 'rejected') {
      throw start.reason;
    }
  }
  await waitUntilReady(lab, listComputeNodes(lab), { docker: true, timeoutMs: READY_TIMEOUT_MS });
}
