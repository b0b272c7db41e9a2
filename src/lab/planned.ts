import { existsSync } from 'node:fs';
import { type Lab, nodeDirectory, listNodes } from './open-lab.ts';
import { findRunningProcess } from './processes.ts';
import { readLabState } from './lab-state.ts';
import { isRootFilesystemBuilt } from './rootfs.ts';

/** Lists the steps that `labUp` would take, one line each. */
export async function planUp(lab: Lab): Promise<string[]> {
  const { up, down } = await groupNodesByState(lab);
  const isNew = (await readLabState(lab)) === undefined;
  return [
    ...(isNew && !(await isRootFilesystemBuilt(lab.context, lab.cluster))
      ? ['build the root file system']
      : []),
    ...(isNew && up.length > 0 ? [`end the nodes of an earlier start: ${up.join(', ')}`] : []),
    ...(down.length > 0 ? [`start ${down.join(', ')}, with the files in ${lab.directory}`] : []),
  ];
}

/** Lists the steps that `labDown` would take, one line each. */
export async function planDown(lab: Lab, { wipe }: { readonly wipe: boolean }): Promise<string[]> {
  const { up } = await groupNodesByState(lab);
  return [
    ...(up.length > 0 ? [`end ${up.join(', ')}, with all their processes`] : []),
    ...(wipe && existsSync(lab.directory) ? [`remove ${lab.directory}`] : []),
  ];
}

async function groupNodesByState(lab: Lab): Promise<{ up: string[]; down: string[] }> {
  const states = await Promise.all(
    listNodes(lab).map(async ([name]) => ({
      name,
      isUp: (await findRunningProcess(nodeDirectory(lab, name).pidFile)) !== undefined,
    })),
  );
  const named = (wanted: boolean) => states.filter(({ isUp }) => isUp === wanted).map(({ name }) => name);
  return { up: named(true), down: named(false) };
}
