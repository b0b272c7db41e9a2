import { readFile, realpath } from 'node:fs/promises';

/** Name of the file system that contains a file, as mount(8) shows it (`nfs4`, `cifs`); for messages. */
export async function getFileSystemType(file: string): Promise<string> {
  const real = `${await realpath(file)}/`;
  let found = { point: '', type: 'an unknown file system' };
  for (const line of (await readFile('/proc/self/mountinfo', 'utf8')).split('\n')) {
    // proc_pid_mountinfo(5): the mount point is field 5, the type follows the separator; later mounts hide earlier ones.
    const [mount = '', source = ''] = line.split(' - ');
    const point = (mount.split(' ')[4] ?? '').replace(/\\(\d{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    const [type] = source.split(' ');
    if (
      type !== undefined &&
      point.length >= found.point.length &&
      real.startsWith(point.endsWith('/') ? point : `${point}/`)
    ) {
      found = { point, type };
    }
  }
  return found.type;
}
