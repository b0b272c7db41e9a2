import { expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  findHarmfulSettings,
  parseSettings,
  readSiteConfiguration,
} from '../../src/apptainer/site-configuration.ts';
import { testContext } from '../support/context.ts';
import { fakeProgram } from '../support/fake-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const image = '/home/alice/gat/triton.sif';

function harmful(line: string, isSetuid = false): Promise<string[]> {
  const settings = parseSettings(`# user bind control = no\nbind path = /etc/hosts\n${line}\n`);
  return findHarmfulSettings({ file: 'apptainer.conf', isSetuid, settings }, image).then((found) =>
    found.map(({ setting }) => setting),
  );
}

test.each([
  'user bind control = no',
  'mount dev = no',
  'mount proc = no',
  'allow container sif = no',
  'allow user ns = no',
  'bind path = /nothing/of/that/name',
  'limit container paths = /containers, /home/bob',
  'limit container owners = root',
  'limit container groups = root',
])('reports %s', async (line) => {
  expect(await harmful(line)).toEqual([line]);
});

test.each([
  ...['mount dev = minimal', 'mount tmp = no', 'mount sys = no', 'mount home = no', 'mount devpts = no'],
  ...['enable overlay = no', 'enable underlay = no', 'bind path = /tmp', 'config passwd = no'],
  ...[
    'limit container paths = /containers, /home/alice',
    'limit container owners = NULL',
    'allow pid ns = no',
  ],
  ...[
    'allow container squashfs = no',
    'sessiondir max size = 1',
    'max loop devices = 0',
    'mount hostfs = yes',
  ],
])('accepts %s', async (line) => {
  expect(await harmful(line)).toEqual([]);
});

test('user namespaces are not needed where the runtime is installed setuid', async () => {
  expect(await harmful('allow user ns = no', true)).toEqual([]);
});

test('reads the file that the runtime itself uses', async () => {
  const file = path.join(temporaryDirectory(), 'singularity.conf');
  writeFileSync(file, 'Mount Dev = minimal\n mount proc=no \n');
  const answer = `echo 'SINGULARITY_CONF_FILE=${file}'; echo SINGULARITY_SUID_INSTALL=1`;
  const program = fakeProgram(path.dirname(file), 'singularity', answer);
  const runtime = { name: 'singularity', path: program, version: '4.1.0' } as const;
  const context = testContext();
  const found = await readSiteConfiguration(context, runtime);
  expect(found).toMatchObject({ file, isSetuid: true });
  expect(found?.settings.get('mount dev')).toEqual(['minimal']);
  expect(found?.settings.get('mount proc')).toEqual(['no']);
});
