/** How much of what is allowed is used, in bytes. */
export interface Usage {
  /** Which program told. */
  readonly by: string;
  readonly usedBytes: number | undefined;
  /** Undefined where there is no limit. */
  readonly limitBytes: number | undefined;
  readonly freeBytes?: number | undefined;
}

/**
 * The line of `quota --no-wrap --show-mntpoint --hide-device` (quota-tools) for a mount point: used, soft and hard limit,
 * in KiB; a `*` follows what is exceeded.
 */
export function parseQuota(said: string, mountPoint: string): Usage | undefined {
  const line = said.split('\n').find((text) => text.trim().split(/\s+/)[0] === mountPoint);
  return line === undefined ? undefined : createUsage('quota', line.trim().split(/\s+/).slice(1));
}

/** `lfs quota -q -u USER DIRECTORY`: the directory, then used, soft and hard limit in KiB; long paths stand in a line of their own. */
export function parseLustreQuota(said: string): Usage | undefined {
  const words = said.trim().split(/\s+/);
  return words.length < 4 ? undefined : createUsage('lfs quota', words.slice(1));
}

function createUsage(by: string, [used, soft, hard]: readonly string[]): Usage | undefined {
  const [usedBytes, softBytes, hardBytes] = [used, soft, hard].map(parseKibibytes);
  if (usedBytes === undefined) {
    return undefined;
  }
  // Above the soft limit writing goes on for some days only.
  const limits = [softBytes, hardBytes].filter((limit) => limit !== undefined && limit > 0) as number[];
  const limitBytes = limits.length === 0 ? undefined : Math.min(...limits);
  return {
    by,
    usedBytes,
    limitBytes,
    freeBytes: limitBytes === undefined ? undefined : Math.max(0, limitBytes - usedBytes),
  };
}

/** `123`, `123*`, `[123]`: KiB. */
function parseKibibytes(word: string | undefined): number | undefined {
  const digits = /^\[?(\d+)\]?\*?$/.exec(word ?? '')?.[1];
  return digits === undefined ? undefined : Number(digits) * 1024;
}
