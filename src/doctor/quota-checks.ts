import { stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { sumSizes, listCache } from '../image/convert/cache/list-cache.ts';
import { getCacheConfig } from '../image/convert/cache/cache-config.ts';
import type { Context } from '../support/context.ts';
import { findHomeDirectory } from '../support/files/home-directory.ts';
import { getOwnName } from '../support/own-account.ts';
import { formatBytes } from '../support/text/amounts.ts';
import { findProgram } from '../support/processes/find-program.ts';
import { type Check, type Finding, note, ok, type CheckContext, warning } from './check.ts';
import { type Usage, parseLustreQuota, parseQuota } from './quota-reports.ts';

const queryTimeoutMs = 20_000;
const gibibyte = 1024 ** 3;

/** Magic number from Linux's include/uapi/linux/magic.h and Lustre's lustre_user.h. */
const lustreMagic = 0x0bd00bd0;

/** Free space below which a layer or a log may no longer fit. */
const minFreeBytes = 2 * gibibyte;
/** Space that a conversion needs for a moment, for its layers and its tree. */
const conversionBytes = 4 * gibibyte;

export const quotaChecks: readonly Check[] = [
  {
    name: 'home-quota',
    run: async ({ context }) => {
      const home = findHomeDirectory(context);
      return home === undefined ? [] : assessUsage(home, await queryUsage(context, home));
    },
  },
  {
    name: 'project-quota',
    run: async ({ context, root }) =>
      root === findHomeDirectory(context) ? [] : assessUsage(root, await queryUsage(context, root)),
  },
  { name: 'runtime-cache', run: checkRuntimeCache },
  { name: 'layer-cache', run: checkLayerCache },
  {
    name: 'conversion-temp',
    run: async ({ context: { env } }) => {
      const directory = env.APPTAINER_TMPDIR ?? env.SINGULARITY_TMPDIR ?? env.TMPDIR ?? '/tmp';
      const free = await getFreeBytes(directory);
      return free === undefined || free < conversionBytes
        ? warning(
            free === undefined ? `${directory} does not exist` : `${directory}: ${formatBytes(free)} free`,
            'a large definition file may not fit while Apptainer builds it: export APPTAINER_TMPDIR=/a/larger/directory',
          )
        : ok(`${directory}: ${formatBytes(free)} free`);
    },
  },
];

/** Checks the directory in which Apptainer caches images. */
async function checkRuntimeCache({ context }: CheckContext): Promise<Finding> {
  const directory = cacheDirectory(context.env, findHomeDirectory(context) ?? '/');
  const size = await measureSize(context, directory);
  const found =
    size === undefined ? `${directory}: does not exist yet` : `${directory}: ${formatBytes(size)}`;
  return assessCache(context, {
    directory,
    found,
    neededBytes: conversionBytes,
    fix: 'export APPTAINER_CACHEDIR=/a/directory/outside/the/home; `apptainer cache clean` empties the present one',
  });
}

/** Checks the layer cache of `make-sif`, which respects the free space of the disk, but no quota. */
async function checkLayerCache({ context, settings }: CheckContext): Promise<Finding> {
  const cache = getCacheConfig(settings.cache, context);
  if (cache === undefined) {
    return {
      status: 'note',
      message:
        'layers are not cached: HOME is not set, and this user has no home (cache.folder, XDG_CACHE_HOME)',
    };
  }
  const { directory, limitBytes } = cache;
  const { entries } = await listCache(directory, context.clock.now());
  const size = sumSizes(entries);
  return assessCache(context, {
    directory,
    found: `${directory}: ${formatBytes(size)} of at most ${formatBytes(limitBytes)}`,
    neededBytes: Math.max(0, limitBytes - size),
    fix: 'set cache.folder or a smaller cache.limit in hpc-gat.yaml; `hpc-gat cache prune --all` empties it',
  });
}

interface CacheUsage {
  readonly directory: string;
  readonly found: string;
  /** Number of bytes by which the cache may still grow. */
  readonly neededBytes: number;
  readonly fix: string;
}

async function assessCache(
  context: Context,
  { directory, found, neededBytes, fix }: CacheUsage,
): Promise<Finding> {
  const home = findHomeDirectory(context);
  if (home === undefined || !`${directory}/`.startsWith(`${home}/`)) {
    return ok(found);
  }
  const { freeBytes } = await queryUsage(context, home);
  return freeBytes !== undefined && freeBytes < minFreeBytes + neededBytes
    ? warning(`${found}, in the home, where ${formatBytes(freeBytes)} are free`, fix)
    : ok(`${found}, in the home`);
}

function assessUsage(directory: string, { usedBytes, limitBytes, freeBytes, by }: Usage): Finding {
  const left = freeBytes === undefined ? '' : `, ${formatBytes(freeBytes)} left`;
  const what =
    limitBytes === undefined
      ? `${directory}: ${by} reports no quota${left}`
      : `${directory}: ${formatBytes(usedBytes ?? 0)} of ${formatBytes(limitBytes)} used (${by})${left}`;
  return freeBytes !== undefined && freeBytes < minFreeBytes
    ? warning(what, 'free some space, or keep project, image and Apptainer cache on another file system')
    : limitBytes === undefined
      ? note(what)
      : ok(what);
}

/**
 * Returns the usage of a directory by this user: from `lfs quota` on Lustre, else from `quota`, and the free
 * space of the file system.
 */
async function queryUsage(context: Context, directory: string): Promise<Usage> {
  const free = await getFreeBytes(directory);
  const quota = (await isLustre(directory))
    ? await queryLustreQuota(context, directory)
    : await queryQuota(context, directory);
  const own = quota?.freeBytes;
  return {
    ...(quota ?? { by: 'quota or lfs', usedBytes: undefined, limitBytes: undefined }),
    freeBytes: own === undefined ? free : Math.min(own, free ?? own),
  };
}

async function queryLustreQuota(context: Context, directory: string): Promise<Usage | undefined> {
  const output = await queryProgram(context, 'lfs', ['quota', '-q', '-u', getOwnName(context), directory]);
  return output === undefined ? undefined : parseLustreQuota(output);
}

async function queryQuota(context: Context, directory: string): Promise<Usage | undefined> {
  const output = await queryProgram(context, 'quota', [
    '--no-wrap',
    '--show-mntpoint',
    '--hide-device',
    '--raw-grace',
  ]);
  const mountPoint = await findMountPoint(directory);
  return output === undefined || mountPoint === undefined ? undefined : parseQuota(output, mountPoint);
}

/** Returns the output of a program, whose exit code shows only whether the quota is exceeded. */
async function queryProgram(
  context: Context,
  name: string,
  args: readonly string[],
): Promise<string | undefined> {
  const program = findProgram(name, context.env);
  if (program === undefined) {
    return undefined;
  }
  const { run, env, signal } = context;
  const { stdout } = await run(program, args, { env, timeoutMs: queryTimeoutMs, signal });
  return stdout;
}

async function isLustre(directory: string): Promise<boolean> {
  try {
    return (await statfs(directory)).type === lustreMagic;
  } catch {
    return false;
  }
}

/**
 * Finds the mount point of a directory: the highest parent on the same device; undefined for a missing
 * directory.
 */
async function findMountPoint(directory: string): Promise<string | undefined> {
  try {
    const { dev } = await stat(directory);
    const parent = path.dirname(directory);
    return parent === directory || (await stat(parent)).dev !== dev
      ? directory
      : await findMountPoint(parent);
  } catch {
    return undefined;
  }
}

function cacheDirectory(env: Context['env'], home: string): string {
  const own = findProgram('apptainer', env) === undefined ? '.singularity' : '.apptainer';
  return env.APPTAINER_CACHEDIR ?? env.SINGULARITY_CACHEDIR ?? path.join(home, own, 'cache');
}

/** Returns the size of a directory; undefined when it is missing, or too large to be counted in time. */
async function measureSize({ run, env, signal }: Context, directory: string): Promise<number | undefined> {
  const { stdout } = await run('du', ['-s', '-k', directory], { env, timeoutMs: queryTimeoutMs, signal });
  const kibibytes = /^(\d+)\s/.exec(stdout)?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}

async function getFreeBytes(directory: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}
