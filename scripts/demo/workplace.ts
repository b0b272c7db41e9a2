import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';

/** Where the demo keeps what it needs while it runs, and the snapshots of its leak checks. */
export interface Workplace {
  /** TMPDIR of every step; whatever is left in it was left by the demo. */
  readonly temporary: string;
  /** Snapshot files. */
  readonly nodesBefore: string;
  readonly hostBefore: string;
  remove(): void;
}

export function makeWorkplace(): Workplace {
  const directory = mkdtempSync(path.join(tmpdir(), 'hpc-gat-demo-'));
  const temporary = path.join(directory, 'tmp');
  mkdirSync(temporary);
  // apt downloads as a user of its own.
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
