import { expect } from '@jest/globals';
import { labExec, type LabExecOptions, type LabResult } from './lab.ts';

/** The node where Docker is, seen from one directory on it. */
export interface Workstation {
  /** A line of bash in the directory, whatever its exit code. */
  readonly shell: (line: string, options?: LabExecOptions) => Promise<LabResult>;
  /** The same; the test fails unless it ends with 0. Resolves to what it printed. */
  readonly stdoutOf: (line: string, options?: LabExecOptions) => Promise<string>;
  /** An image of one static program, whose command prints `greeting`, with as many random bytes as are asked for. */
  readonly importImage: (name: string, greeting: string, randomMiB?: number) => Promise<string>;
  /** Everything in the directory, hidden files too. */
  readonly files: () => Promise<string[]>;
}

export function workstation(directory: string): Workstation {
  const shell: Workstation['shell'] = (line, options = {}) =>
    labExec('workstation', ['bash', '-c', line], { cwd: directory, timeoutMs: 120_000, ...options });
  const stdoutOf: Workstation['stdoutOf'] = async (line, options = {}) => {
    const { exitCode, stdout, stderr } = await shell(line, options);
    expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' });
    return stdout.trim();
  };
  return {
    shell,
    stdoutOf,
    importImage: (name, greeting, randomMiB = 0) =>
      stdoutOf(`
        set -e
        tree=$(mktemp -d); mkdir -p $tree/bin $tree/etc
        cp /usr/bin/busybox $tree/bin/
        for tool in sh cat env; do ln -s busybox $tree/bin/$tool; done
        echo '${greeting}' >$tree/etc/greeting
        head -c ${randomMiB}M /dev/urandom >$tree/random
        tar -C $tree --owner=0 --group=0 --numeric-owner -c . |
          docker import -c 'ENV PATH=/bin' -c "ENV ODD='a  b;c'" -c 'LABEL what=test' -c 'CMD ["cat","/etc/greeting"]' - ${name}
        rm -rf $tree`),
    files: async () => (await stdoutOf('ls -A')).split('\n').filter((name) => name !== ''),
  };
}
