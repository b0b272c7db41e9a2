import { type Mount, quoteForMount } from '../support/mount.ts';

/** The options of `docker run` that are known before the run is on its node. */
export function runArguments(container: {
  readonly mounts: readonly Mount[];
  /** In Docker's form: `1g`. */
  readonly shmSize: string;
  /** The user's own, after all others. */
  readonly further: readonly string[];
}): string[] {
  return [
    '--rm',
    // As the first process of its container tritonserver would not hear SIGTERM before it is ready.
    '--init',
    // The image is the one that was asked for, or none: nothing is fetched in passing.
    '--pull',
    'never',
    // What the server says goes to the run's folder; the daemon would keep it a second time.
    '--log-driver',
    'none',
    '--cap-drop',
    'ALL',
    '--security-opt',
    'no-new-privileges',
    // Docker's 64 MiB are too small for the Python backend.
    '--shm-size',
    container.shmSize,
    ...container.mounts.flatMap((mount) => ['--mount', quoteForMount(mount)]),
    ...container.further,
  ];
}
