import type { Settings } from '../../src/config/schema.ts';
import { type SystemFiles, systemFiles } from '../../src/doctor/check.ts';
import { allChecks, type CheckResult, runChecks } from '../../src/doctor/run-checks.ts';
import { sampleSettings } from '../run/plan/sample-plan.ts';
import { testContext } from '../support/context.ts';
import { fakePrograms } from '../support/fake-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** Programs of a host on which every check of Slurm and Apptainer passes. */
export const healthyPrograms = {
  apptainer: 'case $1 in --version) echo apptainer version 1.4.5 ;; esac',
  unshare: 'exit 0',
  sbatch: '',
  squeue: '',
  scancel: '',
  srun: '',
  scontrol: 'echo UP',
  sinfo: 'printf "cpu\\ngpu|gpu:a100:4,gpu:h100:2\\n"',
  sacctmgr: 'printf "physics|debug,normal\\nteaching|normal\\n"',
};

/** Host under test; what is not given is that of a healthy host without a GPU. */
export interface Host {
  programs?: Readonly<Record<string, string>>;
  settings?: Settings;
  env?: Readonly<Record<string, string>>;
  gpu?: boolean;
  root?: string;
  system?: Partial<SystemFiles>;
}

/** Runs all checks, or only the named one, on a host. */
export function checkHost(
  { programs = {}, settings = {}, env = {}, gpu = false, root = temporaryDirectory(), system = {} }: Host,
  only?: string,
): Promise<CheckResult[]> {
  const PATH = fakePrograms({ ...healthyPrograms, ...programs });
  return runChecks(
    {
      context: testContext({ env: { PATH, TMPDIR: '/tmp', ...env } }),
      settings: sampleSettings(settings),
      root,
      gpu,
      system: { ...systemFiles, ...system },
    },
    allChecks.filter(({ name }) => only === undefined || name === only),
  );
}
