import path from 'node:path';
import { loadProject, type Project } from '../../config/load.ts';
import type { Context } from '../../support/context.ts';
import { UsageError } from '../../support/errors.ts';
import type { Mount } from '../../support/files/mount.ts';

/** Where the container has something of the run, or needs its own. */
const reservedTargets = ['/', '/models', '/tmp', '/dev', '/proc', '/sys', '/opt/tritonserver'];

/**
 * The host directories that the settings bind beside the model repository, read-only.
 *
 * @throws {UsageError} for a target that the run needs itself, or one that is given twice.
 */
export function planBinds({ settings, root }: Project): Mount[] {
  const mounts = settings.binds.map((bind) => {
    const [source, target = source] =
      typeof bind === 'string' ? (bind.split(':') as [string, string?]) : [bind.source, bind.target];
    const outside = path.resolve(root, source);
    return { source: outside, destination: target === source ? outside : target, readOnly: true };
  });
  mounts.forEach(({ destination }, index) => {
    const place = path.resolve('/', destination);
    if (reservedTargets.includes(place) || /^\/(models|tmp)\//.test(place)) {
      throw new UsageError(`binds: ${destination} in the container is the run's own`, {
        fix: 'choose another target, such as /data',
      });
    }
    if (mounts.findIndex((other) => other.destination === destination) !== index) {
      throw new UsageError(`binds: two of them have the target ${destination}`, {
        fix: 'give each its own target',
      });
    }
  });
  return mounts;
}

/** Loads the binds of the project of the working directory; none for an unusable project. */
export async function loadBinds(context: Pick<Context, 'cwd' | 'env' | 'output'>): Promise<Mount[]> {
  try {
    // The verb has loaded the project before and has reported unused files.
    const output = { ...context.output, warn: () => undefined };
    return planBinds(await loadProject({ ...context, output }));
  } catch (error) {
    if (error instanceof UsageError) {
      return [];
    }
    throw error;
  }
}
