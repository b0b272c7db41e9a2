import { access } from 'node:fs/promises';
import path from 'node:path';
import { findContainerRuntime, getRuntimeEnvironment } from '../apptainer/container-runtime.ts';
import { classifyDriver, listTritonReleases } from '../config/triton-releases.ts';
import { readTextIfPresent } from '../support/files/file-access.ts';
import { findProgram } from '../support/processes/find-program.ts';
import {
  type Check,
  error,
  type Finding,
  note,
  ok,
  type CheckContext,
  systemFiles,
  warning,
} from './check.ts';

const queryTimeoutMs = 60_000;

/** Versions in the environment of NVIDIA's images. */
interface ImageVersions {
  readonly cuda: string | undefined;
  /** Release of Triton's image: `24.05`. */
  readonly release: string | undefined;
}

export const driverChecks: readonly Check[] = [
  {
    name: 'driver',
    run: async (host) => {
      const driver = await queryDriverVersion(host);
      const image = await queryImageVersions(host);
      if (driver === undefined) {
        return note(
          `no NVIDIA driver on this host; ${image === undefined ? 'no image to compare it with' : formatVersions(image)}`,
        );
      }
      return image === undefined
        ? ok(`NVIDIA driver ${driver}; no image yet to compare it with`)
        : compare(driver, image);
    },
  },
];

async function compare(driver: string, image: ImageVersions): Promise<Finding> {
  const found = `NVIDIA driver ${driver}; ${formatVersions(image)}`;
  const releases = await listTritonReleases();
  const release = releases.find((known) => known.release === image.release);
  if (release === undefined) {
    return image.cuda === undefined && image.release === undefined
      ? ok(found)
      : note(`${found}: its required driver is unknown`);
  }
  const fitting = releases.find((known) => classifyDriver(driver, known) === 'any GPU')?.release;
  const other =
    fitting === undefined
      ? 'ask the administrators for a newer driver'
      : `use Triton ${fitting}, or ask the administrators for a newer driver`;
  switch (classifyDriver(driver, release)) {
    case 'any GPU':
      return ok(`${found}, which needs ${release.driver}`);
    case 'data center GPUs':
      return warning(
        `${found}, which needs ${release.driver}: this branch works only on data center GPUs`,
        `on other GPUs ${other}; ${release.url}`,
      );
    case 'none':
      return error(`${found}, which needs ${release.driver}`, `${other}; ${release.url}`);
  }
}

function formatVersions({ cuda, release }: ImageVersions): string {
  const parts = [
    release === undefined ? [] : [`Triton ${release}`],
    cuda === undefined ? [] : [`CUDA ${cuda}`],
  ].flat();
  return parts.length === 0
    ? 'the image does not declare a CUDA version'
    : `the image has ${parts.join(' with ')}`;
}

/**
 * Returns the version of the NVIDIA driver from nvidia-smi, else from the kernel module; undefined without a
 * driver.
 */
async function queryDriverVersion({
  context: { env, run, signal },
  system = systemFiles,
}: CheckContext): Promise<string | undefined> {
  const program = findProgram('nvidia-smi', env);
  const query =
    program === undefined
      ? undefined
      : await run(program, ['--query-gpu=driver_version', '--format=csv,noheader'], {
          env,
          timeoutMs: queryTimeoutMs,
          signal,
        });
  const version = query?.exitCode === 0 ? /^\d+(\.\d+)+/.exec(query.stdout.trim())?.[0] : undefined;
  // "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 ..."
  const kernel = await readTextIfPresent(system.nvidiaVersion);
  return version ?? /Kernel Module(?: for \S+)?\s+(\d+(?:\.\d+)+)/.exec(kernel ?? '')?.[1];
}

/** Reads the versions of the image; undefined when it does not exist yet. */
async function queryImageVersions({
  context,
  settings,
  root,
}: CheckContext): Promise<ImageVersions | undefined> {
  const image = path.resolve(root, settings.image.file);
  try {
    await access(image);
  } catch {
    return undefined;
  }
  const runtime = await findContainerRuntime(context);
  const environment = await context.run(
    runtime.path,
    ['--silent', 'exec', '--cleanenv', '--no-home', '--pwd', '/', image, 'env'],
    { env: getRuntimeEnvironment(context.env), timeoutMs: queryTimeoutMs, signal: context.signal },
  );
  const value = (name: string) => new RegExp(`^${name}=(\\S+)$`, 'm').exec(environment.stdout)?.[1];
  return { cuda: value('CUDA_VERSION'), release: value('NVIDIA_TRITON_SERVER_VERSION') };
}
