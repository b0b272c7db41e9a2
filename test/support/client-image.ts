import { labExec } from './lab.ts';
import { buildPackage } from './published.ts';

/** Image in the lab's Docker daemon with hpc-gat on its PATH, and little else. */
export const clientImage = 'hpc-gat-e2e/client:1';

/** Packs Node, its libraries and this package as it is published. */
export async function importClientImage(): Promise<void> {
  await buildPackage();
  const files = ['bin', 'dist', 'templates', 'slurm', 'package.json'];
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
