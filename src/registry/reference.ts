/** Where a registry keeps an image. */
export interface RegistryReference {
  /** As a person names it: `docker.io`, `nvcr.io`, `127.0.0.1:5000`. */
  readonly host: string;
  readonly repository: string;
  /** A tag, or a digest. */
  readonly reference: string;
}

/**
 * `[HOST/]NAME:TAG` or `[HOST/]NAME@sha256:...`, read as Docker does: what stands before the first slash is a
 * host only when it could not be a directory of Docker Hub.
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

/** Docker Hub's registry has another name than the one in front of its images. */
export function registryUrl(host: string, plainHttp: boolean): string {
  const address = host === 'docker.io' ? 'registry-1.docker.io' : host;
  return `${plainHttp ? 'http' : 'https'}://${address}`;
}
