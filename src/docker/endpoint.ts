import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { Context } from '../support/context.ts';
import { sha256OfBytes } from '../support/digest.ts';
import { UsageError } from '../support/errors.ts';

/** Where the Docker daemon listens. */
export type DockerEndpoint =
  | { readonly kind: 'unix'; readonly url: string; readonly socket: string }
  | { readonly kind: 'tcp'; readonly url: string; readonly host: string; readonly port: number };

const defaultUrl = 'unix:///var/run/docker.sock';
/** The port that dockerd uses for plain HTTP where a URL names none. */
const defaultPort = 2375;

/**
 * The daemon that the docker command line would use too: `DOCKER_HOST`, else the context of
 * `DOCKER_CONTEXT` or of Docker's config.json, else the system's socket.
 *
 * @throws {UsageError} for an address that cannot be used: ssh, TLS, an unknown context.
 */
export async function findDockerEndpoint(env: Context['env']): Promise<DockerEndpoint> {
  const host = env.DOCKER_HOST ?? '';
  const url = host === '' ? await urlOfContext(env) : host;
  const endpoint = parseDockerUrl(url);
  if (endpoint.kind === 'tcp' && (env.DOCKER_TLS_VERIFY ?? '') !== '') {
    throw new UsageError(`the Docker daemon at ${url} wants TLS, which hpc-gat does not speak yet`, {
      fix: saveFirst,
    });
  }
  return endpoint;
}

const saveFirst =
  'save the image where docker reaches it, `docker save -o image.tar NAME`, and convert docker-archive:image.tar';

/** @throws {UsageError} for what is neither unix:// nor tcp://. */
export function parseDockerUrl(url: string): DockerEndpoint {
  if (url.startsWith('unix://')) {
    const socket = url.slice('unix://'.length);
    if (path.isAbsolute(socket)) {
      return { kind: 'unix', url, socket };
    }
  }
  const tcp = /^(?:tcp|http):\/\/(\[[0-9a-fA-F:]+\]|[^/:\s]+)(?::(\d+))?\/?$/.exec(url);
  if (tcp?.[1] !== undefined) {
    const host = tcp[1].replace(/^\[|\]$/g, '');
    return { kind: 'tcp', url, host, port: Number(tcp[2] ?? defaultPort) };
  }
  if (url.startsWith('ssh://')) {
    throw new UsageError(
      `the Docker daemon at ${url} is reached over ssh, which hpc-gat does not speak yet`,
      {
        fix: saveFirst,
      },
    );
  }
  throw new UsageError(`not the address of a Docker daemon: ${url}`, {
    fix: 'set DOCKER_HOST to unix:///path/of/docker.sock or tcp://HOST:PORT',
  });
}

/** Whether its containers can have folders of this machine, and ports on it: behind a socket, or on loopback. */
export function isOnThisMachine(endpoint: DockerEndpoint): boolean {
  return endpoint.kind === 'unix' || /^(localhost|127\.[\d.]+|::1)$/.test(endpoint.host);
}

const configSchema = z.looseObject({ currentContext: z.string().optional() });
const contextSchema = z.looseObject({
  Endpoints: z.looseObject({ docker: z.looseObject({ Host: z.string() }) }),
});

/** Contexts lie in `contexts/meta/<SHA-256 of the name>/meta.json` of Docker's configuration folder. */
async function urlOfContext(env: Context['env']): Promise<string> {
  const folder = env.DOCKER_CONFIG ?? path.join(env.HOME ?? '/', '.docker');
  const configured = await readJson(configSchema, path.join(folder, 'config.json'));
  const name = [env.DOCKER_CONTEXT, configured?.currentContext].find(
    (word) => word !== undefined && word !== '',
  );
  if (name === undefined || name === 'default') {
    return defaultUrl;
  }
  const file = path.join(folder, 'contexts', 'meta', sha256OfBytes(name), 'meta.json');
  const found = await readJson(contextSchema, file);
  if (found === undefined) {
    throw new UsageError(`no usable Docker context "${name}" in ${folder}`, {
      fix: '`docker context ls` lists them; choose one by DOCKER_CONTEXT, or set DOCKER_HOST',
    });
  }
  return found.Endpoints.docker.Host;
}

/** Undefined for a file that is absent, unreadable or not of this form: as for docker, it decides nothing then. */
async function readJson<Schema extends z.ZodType>(
  schema: Schema,
  file: string,
): Promise<z.output<Schema> | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return undefined;
  }
}
