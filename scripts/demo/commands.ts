import path from 'node:path';
import type { Command } from './stage.ts';

const root = path.dirname(path.dirname(import.meta.dirname));
const cli = path.join(root, 'bin', 'hpc-gat.js');

export const labName = 'demo';
export const projectDirectory = '/home/alice/gat-demo';
export const image = 'hpc-gat/triton-cpu:2.51';
export const contextInLab = '/mnt/triton-cpu';

/** Returns a step that runs a program of this package, or the verb `hpc-gat` itself, on this machine as root. */
function here(typed: string, args: readonly string[]): Command {
  return { typed: `# ${typed}`, file: process.execPath, args };
}

export function hpcGat(args: readonly string[]): Command {
  return here(['hpc-gat', ...args].join(' '), [cli, ...args]);
}

export function script(name: string, options: Pick<Command, 'capture'> = {}): Command {
  return { typed: `# ${name}`, file: path.join(root, name), args: [], ...options };
}

export function leakCheck(args: readonly string[]): Command {
  const program = 'test/leaks/leak-check.ts';
  return here(['node', program, ...args].join(' '), [path.join(root, program), ...args]);
}

/** Returns a step in which alice starts a program in her project directory on a node of the lab. */
export function alice(node: string, argv: readonly string[]): Command {
  return inLab(node, argv.join(' '), projectDirectory, argv);
}

/** Returns a step in which alice types a line in her shell; the first such step creates the directory. */
export function aliceTypes(node: string, line: string): Command {
  const there = `mkdir -p ${projectDirectory} && cd ${projectDirectory} && ${line}`;
  return inLab(node, line, '/home/alice', ['bash', '-c', there]);
}

function inLab(node: string, typed: string, cwd: string, argv: readonly string[]): Command {
  return {
    typed: `alice@${node}:~/gat-demo$ ${typed}`,
    file: process.execPath,
    args: [cli, 'lab', 'exec', '--name', labName, '--cwd', cwd, node, '--', ...argv],
  };
}
