import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Identity of a process, which distinguishes it from a later one with the same number. */
export interface ProcessIdentity {
  /** Host whose /proc shows the process under this number, see {@link processHost}. */
  readonly host: string;
  readonly pid: number;
  /** Start time in clock ticks since boot: field 22 of /proc/PID/stat, proc(5). */
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
 * Returns whether a process of this user still runs; undefined when it is not visible from here, because it
 * belongs to another host or to another PID namespace of this one.
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

/** Returns whether a process has its number in the PID namespace of this process. */
export function isOfOwnNamespace({ host }: ProcessIdentity): boolean {
  return host === ownHost();
}

function ownHost(): string {
  return processHost(hostname());
}

/** Returns the namespace of a process; undefined for an ended process, and for one of another user. */
function namespaceOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}

/** Returns whether a process of this user belongs to a PID namespace, as far as this namespace shows. */
function isInUse(namespace: string): boolean {
  const link = `pid:[${namespace}]`;
  return readdirSync('/proc').some(
    (name) => /^\d+$/.test(name) && namespaceOf(name) === link && readStartTicks(Number(name)) !== undefined,
  );
}

/** Returns the start time of a process; undefined when there is none, or when it is a zombie. */
function readStartTicks(pid: number): number | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The second field is the program's name in parentheses, which may contain spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  return state === 'Z' || state === 'X' ? undefined : Number(fields[19]);
}

/** Returns the identity of a process of this host; undefined when it has ended. */
export function findIdentity(pid: number): ProcessIdentity | undefined {
  const startTicks = readStartTicks(pid);
  return startTicks === undefined ? undefined : { host: ownHost(), pid, startTicks };
}

/** Parses an identity that {@link JSON.stringify} has written; undefined for any other text. */
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
