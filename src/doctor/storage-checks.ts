import { access, constants, statfs } from 'node:fs/promises';
import { type Check, error, type Finding, ok, systemFiles, warning } from './check.ts';

const mebibyte = 1024 * 1024;

/**
 * Shared memory that a run needs: the Python backend's first region takes 1 MiB, a request the size of its
 * tensors, and 64 MiB is one large request.
 */
const sharedMemoryMiB = 64;
const projectMiB = 100;

/** Magic numbers from Linux's include/uapi/linux/magic.h. */
const memoryFileSystems = new Set([0x01021994, 0x858458f6]);

export const storageChecks: readonly Check[] = [
  {
    name: 'shared-memory',
    run: ({ system: { sharedMemory } = systemFiles }) =>
      checkSpace(
        sharedMemory,
        sharedMemoryMiB,
        `requests pass through it: ask for a larger ${sharedMemory}, or remove files from it`,
      ),
  },
  {
    name: 'temp',
    run: async ({ context, settings }) => {
      for (const candidate of settings.node.temp) {
        const directory = candidate.startsWith('$') ? context.env[candidate.slice(1)] : candidate;
        if (directory !== undefined && directory !== '' && (await isWritable(directory))) {
          return checkSpace(
            directory,
            settings.node.tempFreeMiB,
            'free space there, or name another directory in node.temp',
          );
        }
      }
      return error(
        `none of ${settings.node.temp.join(', ')} can be used`,
        'name a node-local directory in node.temp of hpc-gat.yaml',
      );
    },
  },
  {
    name: 'project',
    run: async ({ root }) => {
      if (!(await isWritable(root))) {
        return error(`${root} cannot be written`, 'use a directory of your own on the shared file system');
      }
      if (memoryFileSystems.has((await statfs(root)).type)) {
        return warning(
          `${root} is in this node's memory`,
          'compute nodes do not see it: use a directory on the shared file system for `submit`',
        );
      }
      return checkSpace(
        root,
        projectMiB,
        'logs and the SIF need space: free some space, or move the project outside the home quota',
      );
    },
  },
];

async function checkSpace(directory: string, neededMiB: number, fix: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(directory);
  const freeMiB = Math.floor((bavail * bsize) / mebibyte);
  return freeMiB >= neededMiB
    ? ok(`${directory}: ${freeMiB} MiB free`)
    : error(`${directory}: ${freeMiB} MiB free, ${neededMiB} needed`, fix);
}

async function isWritable(directory: string): Promise<boolean> {
  try {
    await access(directory, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
