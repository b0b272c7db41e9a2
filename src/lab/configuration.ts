import { chmod, chown, cp, mkdir, readFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { renderTemplate } from '../render/template.ts';
import { readTextIfPresent, writeFileAtomically } from '../support/files/file-access.ts';
import type { Cluster, ComputeNode } from './facts.ts';
import { qualifyName } from './modes.ts';
import { getAddress, listNodes, nodeWithRole, type Lab } from './open-lab.ts';

const NODE_FILES = ['slurm.conf', 'gres.conf', 'cgroup.conf', 'slurmdbd.conf', 'associations', 'hosts'];

/** Writes the files that the nodes of a lab share: Slurm's configuration, the munge key, homes, scratch. */
export async function writeConfiguration(lab: Lab, root: string): Promise<void> {
  const etc = path.join(lab.directory, 'etc');
  for (const [directory, mode] of sharedDirectories) {
    await mkdir(path.join(lab.directory, directory), { recursive: true });
    await chmod(path.join(lab.directory, directory), mode);
  }
  const values = getTemplateValues(lab);
  for (const file of NODE_FILES) {
    const target = file === 'hosts' ? path.join(etc, file) : path.join(etc, 'slurm', file);
    await writeFileAtomically(target, await renderTemplate(`lab/${file}.hbs`, values));
  }
  const ids = parsePasswd(await readFile(path.join(root, 'etc', 'passwd'), 'utf8'));
  await setOwner(path.join(etc, 'slurm', 'slurmdbd.conf'), ids, 'slurm', 0o600);
  const key = path.join(etc, 'munge', 'munge.key');
  if ((await readTextIfPresent(key)) === undefined) {
    await writeFileAtomically(key, randomBytes(1024), 0o600);
  }
  await setOwner(key, ids, 'munge', 0o400);
  await setOwner(path.dirname(key), ids, 'munge', 0o700);
  await makeHomes(lab, root);
}

const sharedDirectories: readonly (readonly [string, number])[] = [
  ['.', 0o755],
  ['etc/slurm', 0o755],
  ['etc/munge', 0o700],
  ['home', 0o755],
  ['scratch', 0o1777],
  ['database', 0o755],
  ['controller', 0o755],
  ['docker', 0o710],
];

/** Returns the values for the templates of Slurm's configuration. */
export function getTemplateValues(lab: Pick<Lab, 'cluster'> & Lab): object {
  const { cluster } = lab;
  const compute = listNodes(lab).filter(
    (entry): entry is [string, ComputeNode] => entry[1].role === 'compute',
  );
  return {
    cluster: cluster.name,
    controller: nodeWithRole(lab, 'controller'),
    defaultMemoryPerCpuMb: cluster.defaultMemoryPerCpuMb,
    gpuType: cluster.gpuType,
    nodes: compute.map(([name, node]) => ({
      name,
      cpus: node.cpus,
      memoryMb: node.memoryMb,
      features: node.features.join(','),
      gres: node.gpus === undefined ? '' : `gpu:${cluster.gpuType}:${node.gpus}`,
    })),
    gpuNodes: compute
      .filter(([, { gpus }]) => gpus !== undefined)
      .map(([name, node]) => ({ name, files: listGpuFiles(node).join(',') })),
    partitions: Object.entries(cluster.partitions).map(([name, partition]) => ({
      name,
      nodes: partition.nodes.join(','),
      default: partition.default ? 'YES' : 'NO',
      defaultMinutes: partition.defaultMinutes,
      maxMinutes: partition.maxMinutes,
    })),
    hosts: listNodes(lab).map(([name, node]) => ({
      name,
      address: getAddress(lab, node),
      qualified: qualifyName(cluster.name, name),
    })),
    ...getUserValues(cluster),
  };
}

/** Lists the device files of a node's stand-in GPUs. */
export function listGpuFiles(node: ComputeNode): string[] {
  return Array.from({ length: node.gpus ?? 0 }, (_, index) => `/dev/nvidia${index}`);
}

function getUserValues({ accounts, qos, users }: Cluster): object {
  return {
    accounts,
    qos,
    qosList: qos.join(','),
    defaultQos: qos[0],
    users: Object.entries(users).map(([name, user]) => ({
      name,
      accounts: user.accounts.join(','),
      defaultAccount: user.accounts[0],
    })),
  };
}

type Ids = ReadonlyMap<string, { uid: number; gid: number }>;

function parsePasswd(passwd: string): Ids {
  return new Map(
    passwd.split('\n').map((line) => {
      const [name = '', , uid, gid] = line.split(':');
      return [name, { uid: Number(uid), gid: Number(gid) }];
    }),
  );
}

async function setOwner(file: string, ids: Ids, user: string, mode: number): Promise<void> {
  const { uid, gid } = ids.get(user) ?? { uid: 0, gid: 0 };
  await chmod(file, mode);
  await chown(file, uid, gid);
}

async function makeHomes(lab: Lab, root: string): Promise<void> {
  for (const [name, { uid }] of Object.entries(lab.cluster.users)) {
    const home = path.join(lab.directory, 'home', name);
    if ((await readTextIfPresent(path.join(home, '.bashrc'))) === undefined) {
      await cp(path.join(root, 'etc', 'skel'), home, { recursive: true });
      for (const file of ['.bashrc', '.bash_logout', '.profile', '.']) {
        await chown(path.join(home, file), uid, uid);
      }
      await chmod(home, 0o700);
    }
  }
}
