import { parseReference, getRegistryUrl } from '../../registry/reference.ts';
import { isLoopback } from '../../support/network/loopback.ts';
import type { ImageSource } from './source.ts';

/**
 * Marks the registries of a source that are accessed over http.
 *
 * @param allowsPlaintextLogin whether the command line requests http, so that a login is sent over it too.
 */
export function markPlainHttp(
  source: ImageSource,
  hosts: readonly string[],
  allowsPlaintextLogin = false,
): ImageSource {
  switch (source.kind) {
    case 'docker':
      return isReachedOverHttp(source.name, hosts)
        ? { ...source, plainHttp: true, ...(allowsPlaintextLogin && { allowsPlaintextLogin }) }
        : source;
    case 'definition':
      return hosts.length > 0 ? { ...source, plainHttpHosts: hosts } : source;
    default:
      return source;
  }
}

/** @param name name of an image in a registry */
export function isReachedOverHttp(name: string, hosts: readonly string[]): boolean {
  return hosts.includes(parseReference(name).host);
}

/** @param name name of an image in a registry */
export function isOnThisMachine(name: string): boolean {
  const url = URL.parse(getRegistryUrl(parseReference(name).host, true));
  return url !== null && isLoopback(url.hostname);
}
