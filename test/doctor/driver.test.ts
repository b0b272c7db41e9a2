import { expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { driverChecks } from '../../src/doctor/driver-checks.ts';
import { sampleSettings } from '../run/plan/sample-plan.ts';
import { testContext } from '../support/context.ts';
import { fakePrograms } from '../support/fake-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** Creates a host with this driver and a SIF with this environment. */
async function look(driver: string, environment: string) {
  const root = temporaryDirectory();
  writeFileSync(path.join(root, 'triton.sif'), '');
  const PATH = fakePrograms({
    apptainer: `case $1 in --version) echo apptainer version 1.4.5 ;; *) printf '%b' '${environment}' ;; esac`,
    'nvidia-smi': `case $1 in --query-gpu=driver_version) echo ${driver} ;; *) exit 2 ;; esac`,
  });
  const context = testContext({ env: { PATH } });
  return driverChecks[0]?.run({ context, settings: sampleSettings(), root, gpu: false });
}

const image = 'CUDA_VERSION=12.4.1.003\\nNVIDIA_TRITON_SERVER_VERSION=24.05\\n';

test.each([
  [
    '550.54.15',
    { status: 'ok', message: expect.stringMatching(/driver 550\.54\.15; .*Triton 24\.05 with CUDA 12\.4/) },
  ],
  ['535.104.05', { status: 'warning', fix: expect.stringContaining('docs.nvidia.com') }],
  ['460.106.00', { status: 'error', fix: expect.stringMatching(/driver/) }],
])('reports how Triton 24.05 works with the driver %s', async (driver, finding) => {
  expect(await look(driver, image)).toMatchObject(finding);
});

test('an image without CUDA works with any driver; an unlisted release is reported as unlisted', async () => {
  expect(await look('470.10', 'PATH=/bin\\n')).toMatchObject({ status: 'ok' });
  expect(await look('470.10', 'NVIDIA_TRITON_SERVER_VERSION=99.01\\n')).toMatchObject({ status: 'note' });
});
