import { type Mount, quoteForMount } from '../support/files/mount.ts';

const common = [
  '--rm',
  // As the first process of its container, a program would ignore SIGTERM unless it handles it.
  '--init',
  // No image is fetched implicitly: it is the requested one, or none.
  '--pull',
  'never',
  // The output goes to the run directory; the daemon would store a second copy.
  '--log-driver',
  'none',
  '--cap-drop',
  'ALL',
  '--security-opt',
  'no-new-privileges',
  // SELinux would deny the container every file of the run; relabeling (`:z`) would change the user's files
  // permanently.
  '--security-opt',
  'label=disable',
];

/** Returns the options of `docker run` for the server that are known before the run starts on its node. */
export function getRunArguments(container: {
  readonly mounts: readonly Mount[];
  /** Size in Docker's form: `1g`. */
  readonly shmSize: string;
  /** Additional options of the user, after all others. */
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

/** Returns the same for a client in an image, up to the client's own arguments. */
export function getClientArguments(container: {
  readonly mounts: readonly Mount[];
  readonly image: string;
  readonly program: string;
}): string[] {
  return [
    ...common,
    // The network is the machine's, where the server's ports are published.
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
