import path from 'node:path';
import { loadProject, type Project } from '../../config/load.ts';
import type { Context } from '../../support/context.ts';
import { UsageError } from '../../support/errors.ts';
import type { Mount } from '../../support/files/mount.ts';

/** Directories of the container that the run uses. */
const reservedTargets = ['/', '/models', '/tmp', '/dev', '/proc', '/sys', '/opt/tritonserver'];

/**
 * Plans the directories of the host that the settings bind in addition to the model repository, read-only.
 *
 * @throws {UsageError} for a target that the run uses, or that two binds have.
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
      throw new UsageError(`binds: ${destination} in the container is used by the run`, {
        fix: 'choose another target, such as /data',
      });
    }
    if (mounts.findIndex((other) => other.destination === destination) !== index) {
      throw new UsageError(`binds: two of them have the target ${destination}`, {
        fix: 'choose a different target for each',
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
