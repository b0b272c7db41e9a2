import type { Settings } from './schema.ts';

/** Default settings, which apply where neither the command line nor a file sets a value. */
export const defaultSettings = {
  image: { file: 'triton.sif', compression: 'auto', blockSize: '128K' },
  client: { where: 'host', image: { file: 'client.sif', compression: 'auto', blockSize: '128K' } },
  build: {
    release: '24.05',
    packageIndex: 'https://pypi.org/simple',
    dockerArguments: [],
    server: {},
    client: { base: 'debian:trixie-slim' },
  },
  registry: { plainHttp: [], mirrors: {} },
  model: { repository: 'models', name: 'gat_test' },
  slurm: {
    time: '30:00',
    cpus: 2,
    memory: '4G',
    mail: {},
    gpu: { request: 'gres', count: 1 },
    sbatch: {},
  },
  setup: [],
  binds: [],
  environment: [],
  runtime: 'apptainer',
  apptainer: { arguments: [] },
  docker: { arguments: [], shmSize: '1g' },
  triton: {
    arguments: [],
    security: 'mutual-tls',
    env: {},
    preload: [],
    http: false,
    metrics: false,
    readySeconds: 300,
    serveHours: 24,
    stopSeconds: 20,
  },
  node: { temp: ['$SLURM_TMPDIR', '$TMPDIR', '/tmp'], tempFreeMiB: 64, host: '%h' },
} satisfies Settings;

/** Type `T` whose members are required where `D` has a default. */
type Filled<T, D> = {
  [K in keyof T as K extends keyof D ? K : never]-?: K extends keyof D
    ? D[K] extends readonly unknown[]
      ? NonNullable<T[K]>
      : D[K] extends object
        ? Filled<NonNullable<T[K]>, D[K]>
        : NonNullable<T[K]>
    : never;
} & { [K in keyof T as K extends keyof D ? never : K]: T[K] };

/** Settings after all layers are merged. */
export type CompleteSettings = Filled<Settings, typeof defaultSettings>;
