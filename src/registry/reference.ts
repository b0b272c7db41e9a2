/** Location of an image in a registry. */
export interface RegistryReference {
  /** Host as the user names it: `docker.io`, `nvcr.io`, `127.0.0.1:5000`. */
  readonly host: string;
  readonly repository: string;
  /** Tag or digest. */
  readonly reference: string;
}

/**
 * Parses `[HOST/]NAME:TAG` or `[HOST/]NAME@sha256:...` as Docker does: the text before the first slash is a host only
 * if it cannot be a namespace of Docker Hub.
 */
export function parseReference(name: string): RegistryReference {
  const [, first = '', rest = ''] = /^([^/]*)\/(.+)$/.exec(name) ?? [];
  const isHost = /[.:]/.test(first) || first === 'localhost';
  const host = isHost && first !== 'index.docker.io' ? first : 'docker.io';
  const withReference = isHost ? rest : name;
  const [, path = withReference, tag = 'latest', digest] =
    /^([^:@]+)(?::([^@]+))?(?:@(.+))?$/.exec(withReference) ?? [];
  const repository = host === 'docker.io' && !path.includes('/') ? `library/${path}` : path;
  return { host, repository, reference: digest ?? tag };
}

/** Returns the address of a registry. Docker Hub's differs from the host in the names of its images. */
export function getRegistryUrl(host: string, plainHttp: boolean): string {
  const address = host === 'docker.io' ? 'registry-1.docker.io' : host;
  return `${plainHttp ? 'http' : 'https'}://${address}`;
}
