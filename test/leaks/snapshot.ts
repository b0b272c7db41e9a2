import { entriesBelow, homesOf, type SeenDirectories } from './directories.ts';
import { groupLines } from './groups.ts';
import { isHalfMade } from './half-made.ts';
import { snapshotHost, type HostScope } from './host.ts';
import { interfacesOf } from './interfaces.ts';
import { mountLines } from './mounts.ts';
import { describeProcess, processesOfNode, readProcess, readProcesses, type Process } from './processes.ts';
import { socketLines } from './sockets.ts';

/*
 * The snapshot covers everything that a run, a container or a lab may leave. It excludes what may stay: run directories
 * (`.hpc-gat/runs`), finished SIFs, and `~/.cache/hpc-gat` except for partial files in it.
 */

export const kinds = [
  'processes',
  'mounts',
  'sharedMemory',
  'sockets',
  'temporaryFiles',
  'instanceRecords',
  'dockerContainers',
  'halfMadeFiles',
  'controlGroups',
  'networkInterfaces',
] as const;

export type Kind = (typeof kinds)[number];

export type NodeSnapshot = Readonly<Record<Kind, readonly string[]>> & {
  /** First process of the node; empty if it has ended. */
  readonly first: string;
};

/** Scope of a snapshot. */
export interface Places {
  /** Node -> process id, on the host, of its first process. */
  readonly nodes: Readonly<Record<string, number>>;
  /** Scope on the host; without it the host is not checked. */
  readonly host?: HostScope;
}

/** Each object is a line of text that identifies it. */
export interface Snapshot {
  readonly places: Places;
  readonly nodes: Readonly<Record<string, NodeSnapshot>>;
}

export const nothing: NodeSnapshot = {
  first: '',
  processes: [],
  mounts: [],
  sharedMemory: [],
  sockets: [],
  temporaryFiles: [],
  instanceRecords: [],
  dockerContainers: [],
  halfMadeFiles: [],
  controlGroups: [],
  networkInterfaces: [],
};

/** Takes a snapshot of the nodes from the host, through /proc; needs root. */
export function takeSnapshot(places: Places): Snapshot {
  const all = readProcesses();
  const looker = all.get(process.pid);
  if (looker === undefined) {
    throw new Error('/proc does not show this process');
  }
  const seen: SeenDirectories = new Set();
  const nodes = Object.entries(places.nodes).map(([name, pid]) => {
    const first = readProcess(pid);
    return [name, first === undefined ? nothing : snapshotNode(first, { all, looker, seen })] as const;
  });
  return {
    places,
    nodes: {
      ...Object.fromEntries(nodes),
      ...(places.host !== undefined && { host: { ...nothing, ...snapshotHost(places.host, all, looker) } }),
    },
  };
}

interface Surroundings {
  readonly all: ReadonlyMap<number, Process>;
  readonly looker: Process;
  readonly seen: SeenDirectories;
}

function snapshotNode(first: Process, { all, looker, seen }: Surroundings): NodeSnapshot {
  const members = processesOfNode(all, first);
  const root = `/proc/${first.pid}/root`;
  const below = (directory: string, depth = 8) => entriesBelow(root, directory, depth, seen);
  const homes = homesOf(root);
  return {
    first: `${first.pid} ${first.startTicks}`,
    processes: members.map(describeProcess),
    mounts: mountLines(first, members),
    sharedMemory: [...below('/dev/shm'), ...below('/dev/mqueue')],
    sockets: socketLines(first, members),
    temporaryFiles: ['/tmp', '/var/tmp', '/scratch'].flatMap((directory) => below(directory)),
    instanceRecords: homes.flatMap((home) =>
      ['.apptainer', '.singularity']
        .flatMap((runtime) => below(`${home}/${runtime}/instances`))
        // The directories remain when an instance ends normally.
        .filter((name) => !name.endsWith('/')),
    ),
    // Running containers are processes too, and a network is an interface.
    dockerContainers: ['containers', 'volumes'].flatMap((kind) =>
      below(`/var/lib/docker/${kind}`, 1).filter((name) => name.endsWith('/')),
    ),
    halfMadeFiles: homes.flatMap((home) => below(home, 4).filter(isHalfMade)),
    controlGroups: groupLines(first, members, looker),
    networkInterfaces: interfacesOf(first.pid),
  };
}
