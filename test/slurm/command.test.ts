import { expect, test } from '@jest/globals';
import { runSlurm } from '../../src/slurm/run-slurm.ts';
import { testContext } from '../support/context.ts';
import { fakePrograms } from '../support/fake-program.ts';

test.each([
  ...['SLURM_JOB_ID', 'SLURM_TIME_FORMAT', 'SLURM_CLUSTERS', 'SLURMD_DEBUG', 'SBATCH_PARTITION'],
  ...['SALLOC_QOS', 'SRUN_CPUS_PER_TASK', 'SQUEUE_FORMAT', 'SQUEUE_STATES', 'SACCT_FORMAT'],
  ...['SCANCEL_STATE', 'SCANCEL_INTERACTIVE', 'SCONTROL_ALL', 'SINFO_PARTITION', 'SPRIO_FORMAT'],
])("%s is removed from the environment of Slurm's programs", async (name) => {
  const env = { PATH: fakePrograms({ squeue: `printenv ${name}` }), [name]: 'x' };
  expect(await runSlurm(testContext({ env }), 'squeue', [])).toMatchObject({ exitCode: 1, stdout: '' });
});

test.each(['SLURM_CONF', 'SLURM_JWT', 'HOME', 'SACCTX', 'MY_SLURM_X'])('%s is preserved', async (name) => {
  const env = { PATH: fakePrograms({ squeue: `printenv ${name}` }), [name]: 'x' };
  expect(await runSlurm(testContext({ env }), 'squeue', [])).toMatchObject({ exitCode: 0, stdout: 'x' });
});
