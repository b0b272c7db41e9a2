import { type Mount, quoteForMount } from '../support/files/mount.ts';

const common = [
  '--rm',
  // As the first process of its container a program would not hear SIGTERM before it listens for it.
  '--init',
  // The image is the one that was asked for, or none: nothing is fetched in passing.
  '--pull',
  'never',
  // What it says goes to the run's directory; the daemon would keep it a second time.
  '--log-driver',
  'none',
  '--cap-drop',
  'ALL',
  '--security-opt',
  'no-new-privileges',
  // SELinux would refuse the container every file of the run; relabeling (`:z`) would change the user's files for good.
  '--security-opt',
  'label=disable',
];

/** The options of `docker run` for the server that are known before the run is on its node. */
export function runArguments(container: {
  readonly mounts: readonly Mount[];
  /** In Docker's form: `1g`. */
  readonly shmSize: string;
  /** The user's own, after all others. */
  readonly further: readonly string[];
}): string[] {
  return [
    ...common,
    // Docker's 64 MiB are too small for the Python backend.
    '--shm-size',
    container.shmSize,
    ...mountOptions(container.mounts),
    ...container.further,
  ];
}

/** The same for a client in an image, up to the client's own arguments. */
export function clientArguments(container: {
  readonly mounts: readonly Mount[];
  readonly image: string;
  readonly program: string;
}): string[] {
  return [
    ...common,
    // The machine's own, where the server's ports are published.
    '--network',
    'host',
    '--tmpfs',
    '/tmp',
    ...mountOptions(container.mounts),
    '--workdir',
    '/',
    '--entrypoint',
    container.program,
    container.image,
  ];
}

function mountOptions(mounts: readonly Mount[]): string[] {
  return mounts.flatMap((mount) => ['--mount', quoteForMount(mount)]);
}
