import { expect, test } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { refuseNodeLocalClient } from '../../../src/run/plan/node-local.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const runFolder = '/home/ada/project/.hpc-gat/runs/a';

async function programIn(folder: string): Promise<string> {
  const file = path.join(folder, 'hpc-gat');
  await writeFile(file, '');
  return file;
}

test('a client in a folder that each node has for itself is refused, with what to do', async () => {
  const folder = temporaryFolder();
  const client = [await programIn(folder)];
  const refused = refuseNodeLocalClient({ client, runFolder, temp: ['$TMPDIR', folder] });
  await expect(refused).rejects.toMatchObject({
    exitCode: 2,
    message: `${client[0] ?? ''} lies in ${folder}, of which each node has its own: the job would not find it`,
    fix: expect.stringMatching(/^copy it to a folder that the compute nodes see/),
  });
});

test('a client elsewhere is taken, and one whose whole project lies in such a folder', async () => {
  const folder = temporaryFolder();
  const client = [await programIn(folder), '/'];
  const below = path.join(folder, 'project', '.hpc-gat');
  // Not this package's own program, which may itself lie in /tmp.
  await refuseNodeLocalClient({ client: ['/bin/sh'], runFolder, temp: ['/nowhere'] });
  // The test's own temporary folder may lie in /tmp.
  await refuseNodeLocalClient({ client, runFolder: below, temp: [folder] });
});
