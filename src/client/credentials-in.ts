import path from 'node:path';
import type { Context } from '../support/context.ts';
import { readClientCredentials, type ClientCredentials } from '../triton/client-credentials.ts';

/** What lies in a directory that the user named; nothing when none was. */
export async function readCredentialsIn(
  directory: string | undefined,
  { cwd, clock }: Pick<Context, 'cwd' | 'clock'>,
): Promise<ClientCredentials | undefined> {
  return directory === undefined
    ? undefined
    : readClientCredentials(path.resolve(cwd, directory), clock.now());
}
