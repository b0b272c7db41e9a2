import path from 'node:path';
import type { Context } from '../support/context.ts';
import { getErrorMessage } from '../support/errors.ts';
import { readTextIfPresent } from '../support/files/file-access.ts';
import { findKeys, parseLogin, parseAuthFile, listScopes, type AuthFile } from './auth-file.ts';
import { queryHelper } from './credential-helper.ts';
import type { Credentials } from './registry-credentials.ts';

export interface FoundCredentials {
  readonly credentials: Credentials | undefined;
  /** Origin of the credentials, or the reason why there are none, for messages; it never contains the credentials. */
  readonly origin: string;
  /** Fix for missing credentials, if it is not to log in. */
  readonly fix?: string;
}

type Asking = Pick<Context, 'env' | 'run' | 'signal'>;

/** Target of a login: registry host and repository. */
export interface LoginTarget {
  readonly host: string;
  readonly repository: string;
  /** True if the login of the environment applies to this host. */
  readonly usesEnvironment: boolean;
}

/**
 * Finds the login for a repository: `APPTAINER_DOCKER_USERNAME` and `_PASSWORD`, else the narrowest in the first file
 * that has one ({@link authFiles}), in it or with a credential helper.
 */
export async function findCredentials(
  { host, repository, usesEnvironment }: LoginTarget,
  context: Asking,
): Promise<FoundCredentials> {
  const named = usesEnvironment ? loginOfEnvironment(context.env) : undefined;
  if (named !== undefined) {
    return named;
  }
  const scopes = listScopes(host, repository);
  const problems: string[] = [];
  const searched: string[] = [];
  for (const file of authFiles(context.env)) {
    const report = (error: unknown) => {
      context.signal.throwIfAborted();
      problems.push(`${file} cannot be used: ${getErrorMessage(error)}`);
    };
    try {
      const content = await readTextIfPresent(file);
      if (content === undefined) {
        continue;
      }
      searched.push(file);
      const credentials = await loginOf(parseAuthFile(content), host, scopes, report, context);
      if (credentials !== undefined) {
        return { credentials, origin: file };
      }
    } catch (error) {
      report(error);
    }
  }
  const where = searched.length === 0 ? 'the files of Docker, Apptainer and Podman' : searched.join(', ');
  const none = `no login for ${host} was found in ${where}`;
  return { credentials: undefined, origin: problems.length === 0 ? none : problems.join('; ') };
}

function loginOfEnvironment(env: Context['env']): FoundCredentials | undefined {
  for (const prefix of ['APPTAINER', 'SINGULARITY']) {
    const username = env[`${prefix}_DOCKER_USERNAME`] ?? '';
    const password = env[`${prefix}_DOCKER_PASSWORD`] ?? '';
    if (username !== '' && password !== '') {
      const credentials = { kind: 'password', username, password } as const;
      return { credentials, origin: `${prefix}_DOCKER_USERNAME and ${prefix}_DOCKER_PASSWORD` };
    }
  }
  return undefined;
}

/** Lists the files with logins: those that variables name, Docker's, Apptainer's, Podman's (containers-auth.json(5)). */
function authFiles(env: Context['env']): string[] {
  const home = env.HOME ?? '/';
  const named = (name: string) => env[name] ?? '';
  const configDirectory = named('XDG_CONFIG_HOME') || path.join(home, '.config');
  return [
    named('REGISTRY_AUTH_FILE'),
    named('APPTAINER_AUTH_FILE'),
    path.join(named('DOCKER_CONFIG') || path.join(home, '.docker'), 'config.json'),
    path.join(named('APPTAINER_CONFIGDIR') || path.join(home, '.apptainer'), 'docker-config.json'),
    named('XDG_RUNTIME_DIR') && path.join(named('XDG_RUNTIME_DIR'), 'containers', 'auth.json'),
    path.join(configDirectory, 'containers', 'auth.json'),
  ].filter((file) => file !== '');
}

/** Finds the login of a file for the narrowest scope; within a scope, a helper takes precedence over a stored login. */
async function loginOf(
  { auths, credhelpers, credsstore }: AuthFile,
  host: string,
  scopes: readonly string[],
  report: (error: unknown) => void,
  context: Asking,
): Promise<Credentials | undefined> {
  const [helped] = findKeys(scopes, Object.keys(credhelpers));
  let helper = (helped === undefined ? '' : (credhelpers[helped] ?? '')) || credsstore;
  let problem: unknown;
  for (const scope of scopes) {
    const keys = findKeys([scope], Object.keys(auths));
    const servers = scope === scopes.at(-1) ? new Set([serverName(host), ...keys]) : keys;
    try {
      const login = helper === '' ? undefined : await queryHelper(helper, [...servers], context);
      if (login !== undefined) {
        return login;
      }
    } catch (error) {
      problem = error;
      helper = '';
    }
    const stored = keys.map((key) => parseLogin(auths[key])).find((login) => login !== undefined);
    if (stored !== undefined) {
      return stored;
    }
  }
  if (problem !== undefined) {
    report(problem);
  }
  return undefined;
}

/** Returns the name under which helpers store a login; for Docker Hub it is the address of its first registry. */
function serverName(host: string): string {
  return host === 'docker.io' ? 'https://index.docker.io/v1/' : host;
}
