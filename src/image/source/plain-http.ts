import { parseReference } from '../../registry/reference.ts';
import type { ImageSource } from './source.ts';

/** The source, told which registries are reached over http. */
export function withPlainHttp(source: ImageSource, hosts: readonly string[]): ImageSource {
  switch (source.kind) {
    case 'docker':
      return isReachedOverHttp(source.name, hosts) ? { ...source, plainHttp: true } : source;
    case 'recipe':
      return hosts.length > 0 ? { ...source, plainHttpHosts: hosts } : source;
    default:
      return source;
  }
}

/** @param name of an image in a registry */
export function isReachedOverHttp(name: string, hosts: readonly string[]): boolean {
  return hosts.includes(parseReference(name).host);
}
