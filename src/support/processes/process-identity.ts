import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** One process, told apart from a later one that got the same number. */
export interface ProcessIdentity {
  /** Host whose /proc shows the process under this number, see {@link processHost}. */
  readonly host: string;
  readonly pid: number;
  /** When it started, in clock ticks since boot: field 22 of /proc/PID/stat, proc(5). */
  readonly startTicks: number;
}

/** Number of the initial PID namespace, in which all processes of a host can be seen: PROC_PID_INIT_INO of Linux. */
const initialNamespace = '4026531836';
/** Separates the name of a host from the number of a PID namespace. */
const separator = '.pid-';

export function getOwnIdentity(): ProcessIdentity {
  return findIdentity(process.pid) ?? { host: ownHost(), pid: process.pid, startTicks: 0 };
}

/**
 * Names the host of a process id: `login`, or `login.pid-4026532281` in a PID namespace other than the initial one, such as
 * a container's, where the same number means another process (pid_namespaces(7)).
 *
 * @param namespace target of the link /proc/PID/ns/pid; that of this process for an empty one
 */
export function processHost(host: string, namespace = ''): string {
  const link = namespace === '' ? namespaceOf('self') : namespace;
  const [number = initialNamespace] = /\d+/.exec(link ?? '') ?? [];
  return number === initialNamespace ? host : `${host}${separator}${number}`;
}

/** Returns the name of the host without the PID namespace. */
export function hostOf({ host }: ProcessIdentity): string {
  return host.split(separator)[0] ?? host;
}

/**
 * Whether a process of this user still runs; undefined when it cannot be seen from here, because it belongs to another host
 * or to another PID namespace of this one.
 */
export function isRunning(identity: ProcessIdentity): boolean | undefined {
  if (isOfOwnNamespace(identity)) {
    return readStartTicks(identity.pid) === identity.startTicks;
  }
  const [host, namespace] = identity.host.split(separator);
  return host === hostname() && namespace !== undefined && ownHost() === host && !isInUse(namespace)
    ? false
    : undefined;
}

/** Whether a process has its number in the PID namespace of this process. */
export function isOfOwnNamespace({ host }: ProcessIdentity): boolean {
  return host === ownHost();
}

function ownHost(): string {
  return processHost(hostname());
}

/** Undefined for an ended process, and for one of another user. */
function namespaceOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}

/** Whether a process of this user belongs to a PID namespace, as far as this namespace shows. */
function isInUse(namespace: string): boolean {
  const link = `pid:[${namespace}]`;
  return readdirSync('/proc').some(
    (name) => /^\d+$/.test(name) && namespaceOf(name) === link && readStartTicks(Number(name)) !== undefined,
  );
}

/** Undefined when there is no such process, or when it has ended and waits for its parent. */
function readStartTicks(pid: number): number | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The second field is the program's name in parentheses, which may hold spaces and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  return state === 'Z' || state === 'X' ? undefined : Number(fields[19]);
}

/** The identity of a process of this host; undefined when it has ended already. */
export function findIdentity(pid: number): ProcessIdentity | undefined {
  const startTicks = readStartTicks(pid);
  return startTicks === undefined ? undefined : { host: ownHost(), pid, startTicks };
}

/** Undefined when the text is no identity, as {@link JSON.stringify} writes one. */
export function parseIdentity(text: string): ProcessIdentity | undefined {
  try {
    const { host, pid, startTicks } = JSON.parse(text) as Partial<ProcessIdentity>;
    return typeof host === 'string' && typeof pid === 'number' && typeof startTicks === 'number'
      ? { host, pid, startTicks }
      : undefined;
  } catch {
    return undefined;
  }
}
