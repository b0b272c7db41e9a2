import { readFileSync } from 'node:fs';
import type { Process } from './processes.ts';

const listening = '0A'; // TCP_LISTEN
const unconnected = '07'; // TCP_CLOSE, the state of a UDP socket that only has an address
const accepting = 0x1_0000; // __SO_ACCEPTCON

/** Lists the listening sockets in the node's network, and in networks created by its processes. */
export function socketLines(first: Process, members: readonly Process[]): string[] {
  const seen = new Set<string>();
  return [first, ...members].flatMap(({ pid, namespaces }) => {
    if (seen.has(namespaces.net)) {
      return [];
    }
    seen.add(namespaces.net);
    const lines = listenersSeenBy(pid);
    return namespaces.net === first.namespaces.net
      ? lines
      : lines.map((line) => `${line}, in the network of process ${pid}`);
  });
}

function listenersSeenBy(pid: number): string[] {
  const table = (name: string): string[][] => {
    try {
      const lines = readFileSync(`/proc/${pid}/net/${name}`, 'utf8').trim().split('\n').slice(1);
      return lines.map((line) => line.trim().split(/\s+/));
    } catch {
      return [];
    }
  };
  const internet = (name: string, state: string) =>
    table(name).flatMap((fields) =>
      fields[3] === state ? [`${name} ${readableAddress(fields[1] ?? '')}`] : [],
    );
  const unix = table('unix').flatMap((fields) => {
    const [, , , flags = '0', , , , ...path] = fields;
    const listens = (Number.parseInt(flags, 16) & accepting) !== 0;
    return listens || path.length > 0 ? [`unix ${path.join(' ') || '(without a name)'}`] : [];
  });
  return [
    ...internet('tcp', listening),
    ...internet('tcp6', listening),
    ...internet('udp', unconnected),
    ...internet('udp6', unconnected),
    // An accepted connection has the name of its socket too.
    ...new Set(unix),
  ];
}

/** Converts `0100007F:1F41` to `127.0.0.1:8001`; the bytes of an IPv6 address are unchanged. */
export function readableAddress(address: string): string {
  const [host = '', port = ''] = address.split(':');
  const bytes = host.match(/../g) ?? [];
  const name =
    bytes.length === 4
      ? bytes
          .reverse()
          .map((byte) => Number.parseInt(byte, 16))
          .join('.')
      : /^0+$/.test(host)
        ? '[::]'
        : `[${host}]`;
  return `${name}:${Number.parseInt(port, 16)}`;
}
