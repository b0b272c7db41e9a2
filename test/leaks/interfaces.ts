import { readFileSync } from 'node:fs';

/** Lists the network interfaces that a process sees. */
export function interfacesOf(pid: number): string[] {
  try {
    return [...readFileSync(`/proc/${pid}/net/dev`, 'utf8').matchAll(/^\s*([^\s:|]+):/gm)].map(
      ([, name]) => name ?? '',
    );
  } catch {
    return [];
  }
}
