import { afterEach } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const started: ChildProcess[] = [];

afterEach(() => {
  started.splice(0).forEach((child) => child.kill('SIGKILL'));
});

/** Process in a PID namespace of its own, as in a container. */
export interface ContainedProcess {
  /** Link of the namespace, as in /proc/PID/ns/pid. */
  readonly namespace: string;
  /** Ends the process, and with it the namespace. */
  end(): Promise<void>;
}

/** Starts a process in a PID namespace of its own, where it has number 1. It ends after the test. */
export async function startContained(): Promise<ContainedProcess> {
  const child = spawn(
    'unshare',
    ['--user', '--map-root-user', '--pid', '--fork', '--kill-child', 'sleep', '60'],
    { stdio: 'ignore' },
  );
  started.push(child);
  for (;;) {
    const pid = childOf(child.pid ?? 0);
    const namespace = pid === undefined ? '' : readlinkSync(`/proc/${pid}/ns/pid`);
    if (namespace !== '' && namespace !== readlinkSync('/proc/self/ns/pid')) {
      return {
        namespace,
        end: async () => {
          child.kill('SIGKILL');
          while (isAlive(pid)) {
            await delay(10);
          }
        },
      };
    }
    if (child.exitCode !== null) {
      throw new Error('unshare cannot create a PID namespace here');
    }
    await delay(10);
  }
}

function childOf(parent: number): string | undefined {
  return readdirSync('/proc').find((name) => /^\d+$/.test(name) && fieldsOf(name)[1] === String(parent));
}

function isAlive(pid: string | undefined): boolean {
  return !['', 'Z', 'X'].includes(fieldsOf(pid ?? '')[0] ?? '');
}

/** Returns the fields of /proc/PID/stat after the name of the program; empty for an ended process. */
function fieldsOf(pid: string): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [''];
  }
}
