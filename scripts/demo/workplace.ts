import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';

/** Temporary directory of the demo, with the snapshots of its leak checks. */
export interface Workplace {
  /** TMPDIR of every step; any file left in it is a leak. */
  readonly temporary: string;
  /** Paths of the snapshot files. */
  readonly nodesBefore: string;
  readonly hostBefore: string;
  remove(): void;
}

export function makeWorkplace(): Workplace {
  const directory = mkdtempSync(path.join(tmpdir(), 'hpc-gat-demo-'));
  const temporary = path.join(directory, 'tmp');
  mkdirSync(temporary);
  // apt downloads as its own user, who needs access.
  chmodSync(directory, 0o755);
  chmodSync(temporary, 0o1777);
  return {
    temporary,
    nodesBefore: path.join(directory, 'nodes.json'),
    hostBefore: path.join(directory, 'host.json'),
    remove: () => {
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export function cacheDirectory(env: NodeJS.ProcessEnv): string {
  const cache = env.XDG_CACHE_HOME ?? '';
  return path.join(path.isAbsolute(cache) ? cache : path.join(homedir(), '.cache'), 'hpc-gat');
}
