import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { packageRoot } from '../../src/support/package-root.ts';
import { labExec } from './lab.ts';

/** An image in the lab's Docker daemon with hpc-gat on its PATH, and little else. */
export const clientImage = 'hpc-gat-e2e/client:1';

/** Node, the libraries it needs and this package as a user installs it. */
export async function importClientImage(): Promise<void> {
  const files = ['bin', 'src', 'templates', 'slurm', 'package.json', ...(await productionPackages())];
  const script = `
    set -e
    tree=$(mktemp -d); trap 'rm -rf $tree' EXIT
    mkdir -p $tree/bin $tree/usr/local/bin $tree/opt/hpc-gat
    for file in $(ldd /usr/local/bin/node | grep -o '/[^ ]*'); do
      mkdir -p "$tree\${file%/*}"; cp -L $file $tree$file
    done
    cp /usr/bin/busybox $tree/bin/sh
    cp /usr/local/bin/node /usr/local/bin/hpc-gat $tree/usr/local/bin/
    tar -C /opt/hpc-gat -c ${files.join(' ')} | tar -C $tree/opt/hpc-gat -x
    tar -C $tree --owner=0 --group=0 -c . | docker import -c 'ENV PATH=/usr/local/bin:/bin' - ${clientImage}`;
  const { exitCode, stderr } = await labExec('workstation', ['bash', '-c', script], { timeoutMs: 120_000 });
  if (exitCode !== 0) {
    throw new Error(`the client image could not be made: ${stderr}`);
  }
}

async function productionPackages(): Promise<string[]> {
  const text = await readFile(path.join(packageRoot, 'package-lock.json'), 'utf8');
  const { packages } = JSON.parse(text) as {
    packages: Record<string, { dev?: boolean; optional?: boolean }>;
  };
  return Object.entries(packages)
    .filter(([name, { dev, optional }]) => name !== '' && dev !== true && optional !== true)
    .map(([name]) => name);
}
