/** Usage of a quota, in bytes. */
export interface Usage {
  /** Program that reported the usage. */
  readonly by: string;
  readonly usedBytes: number | undefined;
  /** Limit; undefined without one. */
  readonly limitBytes: number | undefined;
  readonly freeBytes?: number | undefined;
}

/**
 * Parses the line of `quota --no-wrap --show-mntpoint --hide-device` (quota-tools) for a mount point: used,
 * soft and hard limit in KiB; a `*` follows an exceeded one.
 */
export function parseQuota(report: string, mountPoint: string): Usage | undefined {
  const line = report.split('\n').find((text) => text.trim().split(/\s+/)[0] === mountPoint);
  return line === undefined ? undefined : createUsage('quota', line.trim().split(/\s+/).slice(1));
}

/**
 * Parses the output of `lfs quota -q -u USER DIRECTORY`: the directory, then used, soft and hard limit in
 * KiB; a long path is on a separate line.
 */
export function parseLustreQuota(report: string): Usage | undefined {
  const words = report.trim().split(/\s+/);
  return words.length < 4 ? undefined : createUsage('lfs quota', words.slice(1));
}

function createUsage(by: string, [used, soft, hard]: readonly string[]): Usage | undefined {
  const [usedBytes, softBytes, hardBytes] = [used, soft, hard].map(parseKibibytes);
  if (usedBytes === undefined) {
    return undefined;
  }
  // Above the soft limit, writing is possible only for some days.
  const limits = [softBytes, hardBytes].filter((limit) => limit !== undefined && limit > 0) as number[];
  const limitBytes = limits.length === 0 ? undefined : Math.min(...limits);
  return {
    by,
    usedBytes,
    limitBytes,
    freeBytes: limitBytes === undefined ? undefined : Math.max(0, limitBytes - usedBytes),
  };
}

/** Parses a number of KiB: `123`, `123*`, `[123]`. */
function parseKibibytes(word: string | undefined): number | undefined {
  const digits = /^\[?(\d+)\]?\*?$/.exec(word ?? '')?.[1];
  return digits === undefined ? undefined : Number(digits) * 1024;
}
