import { describe, expect, test } from '@jest/globals';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { hostname, networkInterfaces } from 'node:os';
import path from 'node:path';
import { refuseNodeLocalClient, refuseNodeLocalFiles } from '../../../src/run/plan/node-local.ts';
import { testContext } from '../../support/context.ts';
import { fakePrograms } from '../../support/fake-program.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

/** Address of a network interface; loopback on a host without a network. */
const ownAddress = Object.values(networkInterfaces()).flat().at(-1)?.address ?? '::1';
const runDirectory = '/home/ada/project/.hpc-gat/runs/a';

async function programIn(directory: string): Promise<string> {
  const file = path.join(directory, 'hpc-gat');
  await writeFile(file, '');
  return file;
}

test('a client in a node-local directory is rejected with a fix', async () => {
  const directory = temporaryDirectory();
  const client = [await programIn(directory)];
  const refused = refuseNodeLocalClient({ client, runDirectory, temp: ['$TMPDIR', directory] });
  await expect(refused).rejects.toMatchObject({
    exitCode: 2,
    message: `${client[0] ?? ''} is in ${directory}, which is local to each node: the job would not find it`,
    fix: expect.stringMatching(/^copy it to a directory that the compute nodes see/),
  });
});

test('a client in a shared directory is accepted, and so is one in a project that is entirely node-local', async () => {
  const directory = temporaryDirectory();
  const client = [await programIn(directory), '/'];
  const below = path.join(directory, 'project', '.hpc-gat');
  // The program of this package may itself be in /tmp, so another one is used.
  await refuseNodeLocalClient({ client: ['/bin/sh'], runDirectory, temp: ['/nowhere'] });
  // The temporary directory of the test may be in /tmp.
  await refuseNodeLocalClient({ client, runDirectory: below, temp: [directory] });
});

describe('a project in a node-local directory', () => {
  const others = "echo 'cpu1|cpu1|10.0.0.1'";
  const thisHost = `echo 'cpu1|cpu1|10.0.0.1'; echo "n7|${hostname()}|10.0.0.7"`;

  async function refuse(sinfo: string, { image = 'triton.sif', project = '' } = {}): Promise<void> {
    const root = temporaryDirectory();
    const models = path.join(root, 'models');
    await mkdir(models);
    await writeFile(path.join(root, 'triton.sif'), '');
    await symlink(root, path.join(root, 'link'));
    await refuseNodeLocalFiles(
      {
        runDirectory: path.join(project === '' ? path.join(root, 'link') : project, '.hpc-gat/runs/a'),
        temp: [root],
        runtime: 'apptainer',
        image: path.resolve(root, image),
        repository: models,
        models: [],
        directives: [],
      },
      testContext({ env: { PATH: fakePrograms({ sinfo }) } }),
    );
  }

  test('is rejected before the queue', async () => {
    await expect(refuse(others)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(/^the project is in .*, but .* is local to each node/),
    });
  });

  test('is rejected for its image or its models alone', async () => {
    await expect(refuse(others, { project: '/usr' })).rejects.toThrow(/^the image is in/);
    await expect(refuse(others, { project: '/usr', image: '/bin/sh' })).rejects.toThrow(
      /^the model repository is in/,
    );
  });

  test.each([
    ['this host is a node of the cluster', thisHost],
    ['the only node has a loopback address', "echo 'localhost|localhost|127.0.0.1'"],
    ['a node has the name localhost', "echo 'n1|localhost|n1'"],
    ['a node has an address of this host', `echo "n1|n1|${ownAddress}"`],
    ['Slurm does not answer', 'exit 1'],
  ])('is accepted where %s', async (_name, sinfo) => {
    await expect(refuse(sinfo)).resolves.toBeUndefined();
  });
});
