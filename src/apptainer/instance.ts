import { type Mount, quoteForMount } from '../support/files/mount.ts';

/** Returns the options of `apptainer instance start` that are known before the run starts on its node. */
export function getInstanceArguments(container: {
  readonly gpu: boolean;
  readonly mounts: readonly Mount[];
  /** Additional options of the user, after all others. */
  readonly further: readonly string[];
}): string[] {
  return [
    ...(container.gpu ? ['--nv'] : []),
    // --contain would give a private /dev/shm, too small for the Python backend.
    '--cleanenv',
    '--no-home',
    ...container.mounts.flatMap((mount) => ['--mount', quoteForMount(mount)]),
    ...container.further,
  ];
}
