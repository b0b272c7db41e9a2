import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A process of this machine, as the host sees it. */
export interface Process {
  readonly pid: number;
  readonly parent: number;
  /** Clock ticks since boot, which distinguish it from a later process with the same number. */
  readonly startTicks: number;
  readonly uid: number;
  /** Command line, or the program's name in brackets. */
  readonly command: string;
  /** Namespace type -> identity, such as `pid:[4026531836]`. */
  readonly namespaces: Readonly<Record<'pid' | 'mnt' | 'net', string>>;
  /** Hierarchy (`9:name=systemd`) -> path of its control group. */
  readonly groups: ReadonlyMap<string, string>;
}

const kernelThread = 0x0020_0000; // PF_KTHREAD

/** Lists all processes except kernel threads and zombies. */
export function readProcesses(): Map<number, Process> {
  const processes = new Map<number, Process>();
  for (const entry of readdirSync('/proc')) {
    const found = /^\d+$/.test(entry) ? readProcess(Number(entry)) : undefined;
    if (found !== undefined) {
      processes.set(found.pid, found);
    }
  }
  return processes;
}

/** Reads a process; undefined if it does not exist or has ended. */
export function readProcess(pid: number): Process | undefined {
  try {
    // By proc(5), the second field is a name in parentheses, which may itself contain blanks and parentheses.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X' || (Number(fields[6]) & kernelThread) !== 0) {
      return undefined;
    }
    const namespace = (type: string) => readlinkSync(`/proc/${pid}/ns/${type}`);
    const uid = /^Uid:\s+\d+\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return {
      pid,
      parent: Number(fields[1]),
      startTicks: Number(fields[19]),
      uid: Number(uid),
      command: line === '' ? `[${stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'))}]` : line,
      namespaces: { pid: namespace('pid'), mnt: namespace('mnt'), net: namespace('net') },
      groups: parseGroups(readFileSync(`/proc/${pid}/cgroup`, 'utf8')),
    };
  } catch {
    return undefined;
  }
}

function parseGroups(text: string): Map<string, string> {
  const lines = text.split('\n').flatMap((line) => {
    const [, hierarchy, path] = /^(\d+:[^:]*):(.*)$/.exec(line) ?? [];
    return hierarchy === undefined || path === undefined ? [] : [[hierarchy, path] as const];
  });
  return new Map(lines);
}

/**
 * Lists the processes of a node: those in the process namespace of its first process, those in namespaces below it
 * (containers), and their children.
 */
export function processesOfNode(all: ReadonlyMap<number, Process>, first: Process): Process[] {
  const known = new Map<number, boolean>();
  const belongs = (process: Process): boolean => {
    const before = known.get(process.pid);
    if (before !== undefined) {
      return before;
    }
    known.set(process.pid, false);
    const parent = all.get(process.parent);
    const answer =
      process.namespaces.pid === first.namespaces.pid || (parent !== undefined && belongs(parent));
    known.set(process.pid, answer);
    return answer;
  };
  return [...all.values()].filter(belongs);
}

export function describeProcess({ pid, startTicks, uid, command }: Process): string {
  return `${pid} (started at ${startTicks}, user ${uid}): ${command.slice(0, 160)}`;
}
