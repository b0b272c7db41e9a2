import { getOwnAccount } from './own-account.ts';
import { runCommand } from './processes/command.ts';

/** Time limit of a look-up: the directory server of a site's accounts may not answer. */
const timeoutMs = 5_000;

/** Returns the name of a user for messages: `bob`, or `user 1002` for an unknown account. */
export async function getUserName(uid: number): Promise<string> {
  return (await queryEntry('passwd', uid))?.[0] ?? `user ${uid}`;
}

/** Returns the name of a group for messages: `physics`, or `7001` for an unknown group. */
export async function getGroupName(gid: number): Promise<string> {
  return (await queryEntry('group', gid))?.[0] ?? String(gid);
}

/**
 * Returns whether a group is the private group of this user: it has the user's name and no other member, as
 * useradd(8) creates it where USERGROUPS_ENAB is set. Distributions that do so set the umask to 002, and a
 * file with group write permission is as private as one without it.
 */
export async function isPrivateGroup(gid: number): Promise<boolean> {
  const [name, , , members = ''] = (await queryEntry('group', gid)) ?? [];
  const { name: own } = getOwnAccount();
  return (
    own !== undefined && name === own && members.split(',').every((member) => ['', own].includes(member))
  );
}

/** Reads the fields of an entry of passwd(5) or group(5) from all sources that the host is configured for. */
async function queryEntry(database: 'passwd' | 'group', id: number): Promise<string[] | undefined> {
  try {
    const { exitCode, stdout } = await runCommand('getent', [database, String(id)], {
      env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin' },
      timeoutMs,
    });
    return exitCode === 0 ? stdout.trim().split(':') : undefined;
  } catch {
    return undefined;
  }
}
