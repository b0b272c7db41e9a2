import { runCommand } from '../processes/command.ts';

const timeoutMs = 5_000;

/**
 * Returns whether a file has an access control list beyond its mode, which may give write permission to further users:
 * ls(1) marks it with a `+` behind the mode. Node cannot read the extended attribute (acl(5)), and the tools of its
 * package are not installed everywhere.
 *
 * @param file path of a file, or of its file descriptor below /proc
 */
export async function hasAccessControlList(file: string): Promise<boolean> {
  try {
    const { stdout } = await runCommand('ls', ['-ldL', '--', file], {
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
      timeoutMs,
    });
    return /^[-\w]{10}\+/.test(stdout);
  } catch {
    return false;
  }
}
