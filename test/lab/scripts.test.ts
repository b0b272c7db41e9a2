import { expect, test } from '@jest/globals';
import { execa } from 'execa';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { openLab, nodeDirectory, type Lab } from '../../src/lab/open-lab.ts';
import { writeNodeScripts } from '../../src/lab/nodes.ts';
import { renderTemplate } from '../../src/render/template.ts';
import { findProgram } from '../../src/support/processes/find-program.ts';
import { packageRoot } from '../../src/support/package/package-root.ts';
import { testContext } from '../support/context.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** Opens a lab in a directory whose name a shell would split. */
async function hostileLab(): Promise<Lab> {
  const cache = path.join(temporaryDirectory(), "it's $(touch made); ü");
  return openLab(testContext({ env: { ...testContext().env, XDG_CACHE_HOME: cache } }));
}

async function shellcheck(script: string): Promise<string> {
  await execa('bash', ['-n'], { input: script });
  if (findProgram('shellcheck', testContext().env) === undefined) {
    return '';
  }
  const { stdout } = await execa('shellcheck', ['--shell=bash', '--severity=warning', '-'], {
    input: script,
    reject: false,
  });
  return stdout;
}

test.each(['ctl', 'login', 'cpu1', 'gpu2', 'workstation'])(
  'the scripts of %s pass shellcheck',
  async (name) => {
    const lab = await hostileLab();
    await writeNodeScripts(lab, name, {
      root: '/a root',
      binds: [],
      modes: { lookupCacheSeconds: 30, fqdn: true },
    });
    for (const script of ['launch.sh', 'node-init.sh', 'node-services.sh']) {
      const text = await readFile(path.join(nodeDirectory(lab, name).directory, script), 'utf8');
      expect({ script, findings: await shellcheck(text) }).toEqual({ script, findings: '' });
    }
  },
);

test.each([
  ['stop-controller.sh.hbs', {}],
  ['stop-workstation.sh.hbs', {}],
  ['controller-action.sh.hbs', { action: 'stop' }],
  ['switch.sh.hbs', { pidFile: "/it's/pid", log: '/a b/log' }],
  ['rootfs-setup.sh.hbs', { users: [{ name: 'alice', uid: 1001 }], driverSource: "/it's" }],
])('the script %s passes shellcheck', async (file, values) => {
  expect(await shellcheck(await renderTemplate(`lab/${file}`, values))).toBe('');
});

const nvidiaSmi = path.join(packageRoot, 'templates', 'lab', 'driver', 'nvidia-smi');

test.each([
  [['-L'], '1', 0, 'GPU 1: hpc-gat stand-in (UUID: GPU-00000000-0000-0000-0000-000000000001)'],
  [['--query-gpu=index,memory.total', '--format=csv'], '0', 0, 'index, memory.total\n0, 40960 MiB'],
  [['--query-gpu=memory.total', '--format=csv,noheader,nounits'], '0,1', 0, '40960\n40960'],
  [['-L'], '', 6, 'No devices were found'],
])(
  'the stand-in nvidia-smi answers %j with CUDA_VISIBLE_DEVICES=%j',
  async (args, devices, exitCode, stdout) => {
    const env = { PATH: '/usr/bin:/bin', CUDA_VISIBLE_DEVICES: devices };
    const result = await execa('sh', [nvidiaSmi, ...args], { env, extendEnv: false, reject: false });
    expect(result).toMatchObject({ exitCode, stdout });
  },
);

test('the stand-in nvidia-smi rejects an unknown field', async () => {
  const args = [nvidiaSmi, '--query-gpu=index,mood', '--format=csv,noheader'];
  const { exitCode, stderr } = await execa('sh', args, { reject: false });
  expect({ exitCode, stderr }).toEqual({
    exitCode: 2,
    stderr: 'Field "mood" is not one that the stand-in knows.',
  });
});
