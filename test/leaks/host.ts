import { entriesBelow } from './directories.ts';
import { isWithin, markedGroups } from './groups.ts';
import { isHalfMade } from './half-made.ts';
import { interfacesOf } from './interfaces.ts';
import { describeMount, mountsOf } from './mounts.ts';
import { describeProcess, type Process } from './processes.ts';
import type { NodeSnapshot } from './snapshot.ts';

/** Scope of the check on the host. Other programs use the host too, so not every new object is a leak. */
export interface HostScope {
  /** Substrings of names: such entries of /tmp, /var/tmp and /dev/shm count, and such control groups. */
  readonly marks: readonly string[];
  /** Temporary directories, of which every entry counts. */
  readonly temporary: readonly string[];
  /** Directories that may contain files, but no partial ones. */
  readonly caches: readonly string[];
}

/**
 * Lists the objects of the host. All mounts and network interfaces count; processes count in the control groups of this
 * process, or in groups with a marked name. If this process shares its groups with the whole machine, all processes
 * count. Ports are not checked, because every port belongs to a process.
 */
export function snapshotHost(
  { marks, temporary, caches }: HostScope,
  all: ReadonlyMap<number, Process>,
  looker: Process,
): Partial<NodeSnapshot> {
  const marked = (name: string) => marks.some((mark) => name.includes(mark));
  const below = (directory: string, depth: number) => entriesBelow('', directory, depth, new Set());
  return {
    first: 'host',
    processes: [...all.values()]
      .filter((process) => process.pid !== looker.pid && isOurs(process, looker, marked))
      .map(describeProcess),
    mounts: mountsOf('self').map(describeMount),
    sharedMemory: below('/dev/shm', 1).filter(marked),
    temporaryFiles: [
      ...['/tmp', '/var/tmp'].flatMap((directory) => below(directory, 1)).filter(marked),
      ...temporary.flatMap((directory) => below(directory, 8)),
    ],
    halfMadeFiles: caches.flatMap((directory) => below(directory, 3)).filter(isHalfMade),
    controlGroups: markedGroups(marks),
    networkInterfaces: interfacesOf(looker.pid),
  };
}

function isOurs({ groups }: Process, looker: Process, marked: (name: string) => boolean): boolean {
  return (
    [...looker.groups].every(([hierarchy, group]) => isWithin(groups.get(hierarchy) ?? '/', group)) ||
    [...groups.values()].some(marked)
  );
}
