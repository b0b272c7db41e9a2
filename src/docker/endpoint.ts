import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import type { Context } from '../support/context.ts';
import { hashBytes } from '../support/files/digest.ts';
import { UsageError } from '../support/errors.ts';

/** Address of the Docker daemon. */
export type DockerEndpoint =
  | { readonly kind: 'unix'; readonly url: string; readonly socket: string }
  | {
      readonly kind: 'tcp';
      readonly url: string;
      readonly host: string;
      readonly port: number;
      readonly tls?: DockerTls;
    };

/** Certificates and key in PEM, with the names of node:tls. */
export interface DockerTls {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly rejectUnauthorized: boolean;
}

const systemSocket = '/var/run/docker.sock';
/** Default ports of dockerd: unencrypted, and with TLS. */
const defaultPort = 2375;
const defaultTlsPort = 2376;

/**
 * Finds the daemon that the docker command uses: `DOCKER_HOST`, else the context of `DOCKER_CONTEXT` or of Docker's
 * config.json, else the system's socket. If this user cannot access that socket, a rootless Docker's or Podman's is
 * used.
 *
 * @throws {UsageError} for an address that cannot be used: ssh, an unknown context, missing certificates.
 */
export async function findDockerEndpoint(env: Context['env']): Promise<DockerEndpoint> {
  const directory = env.DOCKER_CONFIG ?? path.join(env.HOME ?? '/', '.docker');
  const host = env.DOCKER_HOST ?? '';
  const context = host === '' ? await chosenContext(env, directory) : undefined;
  if (context !== undefined) {
    const tls = path.join(directory, 'contexts', 'tls', hashBytes(context.name), 'docker');
    return await behindTls(parseDockerUrl(context.url), tls, !context.skipVerify, false);
  }
  const endpoint = host === '' ? await ownSocket(env) : parseDockerUrl(host);
  const wantsTls = (env.DOCKER_TLS_VERIFY ?? '') !== '';
  return wantsTls ? await behindTls(endpoint, env.DOCKER_CERT_PATH ?? directory, true, true) : endpoint;
}

async function ownSocket({ XDG_RUNTIME_DIR }: Context['env']): Promise<DockerEndpoint> {
  const own = XDG_RUNTIME_DIR === undefined ? [] : ['docker.sock', 'podman/podman.sock'];
  const others = own.map((name) => path.join(XDG_RUNTIME_DIR ?? '', name));
  for (const socket of [systemSocket, ...others, '/run/podman/podman.sock']) {
    const usable = await access(socket, constants.R_OK | constants.W_OK).then(
      () => true,
      () => false,
    );
    if (usable) {
      return parseDockerUrl(`unix://${socket}`);
    }
  }
  return parseDockerUrl(`unix://${systemSocket}`);
}

/** @throws {UsageError} for anything but unix:// and tcp://. */
export function parseDockerUrl(url: string): DockerEndpoint {
  if (url.startsWith('unix://')) {
    const socket = url.slice('unix://'.length);
    if (path.isAbsolute(socket)) {
      return { kind: 'unix', url, socket };
    }
  }
  const tcp = /^(?:tcp|https?):\/\/(\[[0-9a-fA-F:]+\]|[^/:\s]+)(?::(\d+))?\/?$/.exec(url);
  if (tcp?.[1] !== undefined) {
    const host = tcp[1].replace(/^\[|\]$/g, '');
    const tls = url.startsWith('https:') ? { tls: { rejectUnauthorized: true } } : {};
    const port = Number(tcp[2] ?? ('tls' in tls ? defaultTlsPort : defaultPort));
    return { kind: 'tcp', url, host, port, ...tls };
  }
  if (url.startsWith('ssh://')) {
    const [, host = 'HOST', port] = /^ssh:\/\/([^/]+?)(?::(\d+))?(?:\/.*)?$/.exec(url) ?? [];
    const ssh = port === undefined ? `ssh ${host}` : `ssh -p ${port} ${host}`;
    throw new UsageError(`the Docker daemon at ${url} is accessed over ssh, which hpc-gat does not support`, {
      fix: `save the image with \`${ssh} docker save NAME >image.tar\`, and convert docker-archive:image.tar`,
    });
  }
  throw new UsageError(`invalid address of a Docker daemon: ${url}`, {
    fix: 'set DOCKER_HOST to unix:///path/of/docker.sock or tcp://HOST:PORT',
  });
}

/**
 * Returns whether its containers can use directories and ports of this machine: the daemon is on a socket or on
 * loopback.
 */
export function isOnThisMachine(endpoint: DockerEndpoint): boolean {
  return endpoint.kind === 'unix' || /^(localhost|127\.[\d.]+|::1)$/.test(endpoint.host);
}

/**
 * Adds the TLS files of a directory to an endpoint.
 *
 * @param directory directory with `ca.pem`, `cert.pem` and `key.pem`; each is optional.
 * @param wanted whether TLS was requested explicitly; otherwise it is used if such files exist.
 */
async function behindTls(
  endpoint: DockerEndpoint,
  directory: string,
  rejectUnauthorized: boolean,
  wanted: boolean,
): Promise<DockerEndpoint> {
  if (endpoint.kind === 'unix') {
    return endpoint;
  }
  const read = (name: string) => readFile(path.join(directory, `${name}.pem`)).catch(() => undefined);
  const [ca, cert, key] = await Promise.all(['ca', 'cert', 'key'].map(read));
  if ((cert === undefined) !== (key === undefined)) {
    throw new UsageError(`${directory} contains only one of cert.pem and key.pem`, {
      fix: 'set DOCKER_CERT_PATH to the directory with ca.pem, cert.pem and key.pem of the daemon',
    });
  }
  if (!wanted && ca === undefined && cert === undefined) {
    return endpoint;
  }
  const port =
    endpoint.port === defaultPort && !/:\d+\/?$/.test(endpoint.url) ? defaultTlsPort : endpoint.port;
  const tls = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }), rejectUnauthorized };
  return { ...endpoint, port, tls };
}

const configSchema = z.looseObject({ currentContext: z.string().optional() });
const contextSchema = z.looseObject({
  Endpoints: z.looseObject({
    docker: z.looseObject({ Host: z.string(), SkipTLSVerify: z.boolean().optional() }),
  }),
});

/**
 * Reads the selected context, which Docker stores in `contexts/meta/<SHA-256 of the name>/meta.json` of its
 * configuration directory.
 *
 * @returns undefined for the default context.
 */
async function chosenContext(
  env: Context['env'],
  directory: string,
): Promise<{ name: string; url: string; skipVerify: boolean } | undefined> {
  const configured = await readJson(configSchema, path.join(directory, 'config.json'));
  const name = [env.DOCKER_CONTEXT, configured?.currentContext].find(
    (word) => word !== undefined && word !== '',
  );
  if (name === undefined || name === 'default') {
    return undefined;
  }
  const file = path.join(directory, 'contexts', 'meta', hashBytes(name), 'meta.json');
  const found = await readJson(contextSchema, file);
  if (found === undefined) {
    throw new UsageError(`the Docker context "${name}" does not exist in ${directory}, or is invalid`, {
      fix: 'list them with `docker context ls` and choose one with DOCKER_CONTEXT, or set DOCKER_HOST',
    });
  }
  const { Host, SkipTLSVerify = false } = found.Endpoints.docker;
  return { name, url: Host, skipVerify: SkipTLSVerify };
}

/** Returns undefined for a file that is missing, unreadable or invalid, which docker ignores too. */
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
