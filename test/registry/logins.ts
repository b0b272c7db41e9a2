import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** Credentials in the environment. */
export const loginEnv = { APPTAINER_DOCKER_USERNAME: 'alice', APPTAINER_DOCKER_PASSWORD: 'se:cret' };

export function basicOf(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** Creates the environment of a user whose Docker configuration has these credentials. */
export async function authFileFor(
  auths: Readonly<Record<string, object | undefined>>,
): Promise<Record<string, string>> {
  const home = temporaryDirectory();
  await writeFile(path.join(home, 'config.json'), JSON.stringify({ auths }));
  return { HOME: home, DOCKER_CONFIG: home, PATH: '/usr/bin:/bin' };
}
