import { nodeDirectory, listNodes, getAddress, type Lab } from './open-lab.ts';
import { findRunningProcess } from './processes.ts';
import { querySlurmStates } from './ready.ts';
import { formatModes, type LabModes } from './modes.ts';
import { readLabState } from './lab-state.ts';
import { readPackageVersions } from './rootfs.ts';

export interface LabStatus {
  readonly name: string;
  readonly directory: string;
  readonly up: boolean;
  /** Modes that were passed to `up`; empty when the lab is down. */
  readonly modes: LabModes;
  readonly nodes: readonly NodeStatus[];
  /** Versions of the lab's main packages by name; empty when it is down. */
  readonly versions: Readonly<Record<string, string>>;
}

interface NodeStatus {
  readonly name: string;
  readonly role: string;
  readonly address: string;
  readonly up: boolean;
  /** Process id of the node's first process on the host. */
  readonly pid: number | null;
  /** Slurm's state of a compute node, when the controller answers. */
  readonly slurm: string | null;
}

const mainPackages = ['slurm-wlm', 'apptainer', 'docker.io', 'mariadb-server', 'munge'];

export async function getLabStatus(lab: Lab): Promise<LabStatus> {
  const record = await readLabState(lab);
  const running = await Promise.all(
    listNodes(lab).map(([name]) => findRunningProcess(nodeDirectory(lab, name).pidFile)),
  );
  const loginUp = listNodes(lab).some(
    ([, { role }], index) => role === 'login' && running[index] !== undefined,
  );
  const states = loginUp ? await querySlurmStates(lab) : new Map<string, string>();
  const versions = record === undefined ? {} : await readPackageVersions(record.rootfs);
  return {
    name: lab.name,
    directory: lab.directory,
    up: record !== undefined && running.every((process) => process !== undefined),
    modes: record?.modes ?? {},
    nodes: listNodes(lab).map(([name, node], index) => ({
      name,
      role: node.role,
      address: getAddress(lab, node),
      up: running[index] !== undefined,
      pid: running[index]?.pid ?? null,
      slurm: states.get(name) ?? null,
    })),
    versions: Object.fromEntries(Object.entries(versions).filter(([name]) => mainPackages.includes(name))),
  };
}

/** Formats the status. */
export function formatLabStatus({ name, up, modes, directory, nodes, versions }: LabStatus): string[] {
  const rows = nodes.map((node) => [
    node.name,
    node.role,
    node.address,
    node.up ? `up, process ${node.pid ?? ''}` : 'down',
    node.slurm ?? '',
  ]);
  const width = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  return [
    `lab "${name}" is ${[up ? 'up' : 'down', ...formatModes(modes)].join(' ')} (${directory})`,
    ...rows.map(
      (row) =>
        `  ${row
          .map((cell, column) => cell.padEnd(width(column)))
          .join('  ')
          .trimEnd()}`,
    ),
    ...Object.entries(versions).map(([tool, version]) => `  ${tool} ${version}`),
  ];
}
