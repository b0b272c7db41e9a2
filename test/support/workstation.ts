import { expect } from '@jest/globals';
import { labExec, type LabExecOptions, type LabResult } from './lab.ts';

/** The node with Docker, with one directory as working directory. */
export interface Workstation {
  /** Runs a line of bash in the directory, with any exit code. */
  readonly shell: (line: string, options?: LabExecOptions) => Promise<LabResult>;
  /** Does the same, fails the test on a non-zero exit code, and returns the output. */
  readonly stdoutOf: (line: string, options?: LabExecOptions) => Promise<string>;
  /** Creates an image of one static program, whose command prints `greeting`, with that many random bytes. */
  readonly importImage: (name: string, greeting: string, randomMiB?: number) => Promise<string>;
  /** Lists all files in the directory, including hidden ones. */
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
