import { spawn } from 'node:child_process';
import { existsSync, statfsSync, statSync } from 'node:fs';
import path from 'node:path';

/** One conversion. */
export interface Measurement {
  readonly wallSeconds: number;
  /** User and system time of the command and its children. */
  readonly cpuSeconds: number;
  /** Peak memory of the largest single process. */
  readonly peakMiB: number;
  /** Peak disk usage during the run, without the result. */
  readonly extraMiB: number;
  readonly resultBytes: number;
  /** Time from the first byte read to the last block written; only of hpc-gat with phase-clock.mjs. */
  readonly contents?: { readonly wallSeconds: number; readonly cpuSeconds: number };
}

const pollMs = 50;

/**
 * Runs a shell command that writes `result`, and measures it from outside.
 *
 * @param file program that enters the lab; the command is its last argument.
 * @param result path of the file on this host.
 * @throws when the command fails.
 */
export async function measure(
  [file = '', ...args]: readonly string[],
  command: string,
  result: string,
): Promise<Measurement> {
  const free = () => {
    const { bfree, bsize } = statfsSync(path.dirname(result));
    return bfree * bsize;
  };
  const before = free();
  let least = before;
  const poll = setInterval(() => {
    least = Math.min(least, free());
  }, pollMs);
  const child = spawn(file, [...args, `/usr/bin/time -f 'measured %e %U %S %M' sh -c ${quoted(command)}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const exitCode = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(poll);
  const [contentsWall, contentsCpu] = (/^contents (\S+) (\S+)$/m.exec(output) ?? []).slice(1).map(Number);
  const numbers = /^measured (\S+) (\S+) (\S+) (\S+)$/m.exec(output)?.slice(1).map(Number);
  if (exitCode !== 0 || numbers === undefined || !existsSync(result)) {
    throw new Error(`${command}\nfailed with ${String(exitCode)}: ${output.slice(-2000)}`);
  }
  const [wall = 0, user = 0, system = 0, peakKiB = 0] = numbers;
  const resultBytes = statSync(result).size;
  return {
    wallSeconds: wall,
    cpuSeconds: user + system,
    peakMiB: peakKiB / 1024,
    extraMiB: Math.max(0, before - least - resultBytes) / 2 ** 20,
    resultBytes,
    ...(contentsWall !== undefined &&
      contentsCpu !== undefined && { contents: { wallSeconds: contentsWall, cpuSeconds: contentsCpu } }),
  };
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
