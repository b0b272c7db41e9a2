import type { Job } from '../../slurm/job.ts';
import { ExitCode } from '../../support/errors.ts';
import { getOwnUid } from '../../support/own-account.ts';
import type { Ended } from './run-directory.ts';

/** Outcome of a run, for the user. */
export interface Outcome {
  readonly exitCode: number;
  readonly message: string;
}

/** Messages for the reasons that the script passes to its function `finish` (templates/run). */
const reasons: Readonly<Record<string, string>> = {
  passed: 'passed',
  served: 'served until its time was over',
  'wrong-answer': 'the model gave a wrong answer',
  'test-failed': 'the client test failed',
  'not-ready': 'the model did not become ready',
  'server-ended': 'tritonserver ended by itself',
  'no-gpu':
    'no GPU is visible in the container; fix: check the partition and the driver (for Docker also nvidia-container-toolkit), or accept the CPU with --allow-cpu',
  'no-runtime':
    'neither apptainer nor singularity is on the PATH of the node; fix: add `module load apptainer` to setup',
  'no-module':
    'neither apptainer nor singularity is on the PATH of the node, and the command with which setup loads it is not defined there; fix: source the init file of the modules in a line of setup before it: `source /usr/share/lmod/lmod/init/bash`, for example',
  'setup-ended':
    'a line of setup ended the shell; fix: see the line named above, and leave out `exit`, `exec PROGRAM` and `set -e`',
  'setup-syntax': 'setup has a syntax error; fix: correct the line that is named above',
  'no-docker': 'Docker does not answer; fix: start it, or join its group: `sudo usermod -aG docker $USER`',
  'no-client':
    'the client cannot be started on the node; fix: call hpc-gat, and Node where it needs one, from a file system that the compute nodes see, do not move them while the job waits, or set client.where to image or binary',
  'no-temp': 'no usable directory for temporary files on the node; fix: set node.temp',
  'no-address':
    'the node has no address to serve at; fix: set node.interface, or node.host to a name that others resolve',
  'no-shared-memory': 'no directory can be created in /dev/shm of the node; fix: hpc-gat doctor there',
  'no-credentials': 'the certificates of the run could not be created on the node',
  'gpu-hangs':
    'nvidia-smi does not answer on the node: its GPU or driver is broken; fix: leave the node out (--sbatch exclude=NODE), and report it to the administrators',
  'no-ports': 'no TCP port from 20000 to 31999 is free on the node; fix: use another node',
  'ports-taken':
    'another process took the ports of the server each time while the models loaded; fix: use another node, or one of your own (--sbatch exclusive)',
  'container-unusable':
    'no program can be executed in the container of the image; fix: hpc-gat doctor on the node',
  'not-visible':
    'the container does not see an input of the run (named above); fix: hpc-gat doctor on the node; a link out of the model repository leads nowhere in the container',
  'runtime-variables':
    'variables that setup or a module sets (named above) hide from the container what the run needs; fix: add `unset NAME` as the last line of setup',
  'run-folder-removed':
    'the run directory was removed during the run; all processes and files of the run were removed',
  'no-preload':
    'a library of triton.preload is not in the container; fix: bind its directory, or correct triton.preload',
  'instance-failed': 'the container did not start',
  'runtime-folder':
    'the container did not start, and the directory of Apptainer in your home cannot be written on the node; fix: check with `quota` whether the home is full, or put `export APPTAINER_CONFIGDIR=DIRECTORY` into setup',
  'runtime-configuration':
    'the configuration of Apptainer on the node prevents runs; fix: see the setting named above, and ask the administrators or use another partition; `hpc-gat doctor --node PARTITION` shows the same',
  'container-failed': 'Docker did not start the container',
  'run-folder':
    'the run directory cannot be written on the node; fix: free space or quota there, or put the project on a file system that the nodes share',
  interrupted: 'interrupted',
  terminated: 'canceled',
  preempted: 'the job was preempted; fix: submit again, or use a partition or QOS that is not preempted',
  walltime: 'the walltime was reached; fix: request more with --time',
  'script-failed': 'the script failed unexpectedly',
};

export function getScriptOutcome({ exitCode, reason }: Pick<Ended, 'exitCode' | 'reason'>): Outcome {
  return { exitCode, message: reasons[reason] ?? reason };
}

/** Outcomes of jobs that Slurm ended before the script could report. Documented in docs/reference/exit-codes.md. */
const states: Readonly<Record<string, Outcome>> = {
  CANCELLED: { exitCode: ExitCode.terminated, message: 'the job was canceled' },
  TIMEOUT: {
    exitCode: ExitCode.notReady,
    message: 'the job reached its walltime; fix: request more with --time',
  },
  DEADLINE: { exitCode: ExitCode.notReady, message: 'the job reached its deadline' },
  OUT_OF_MEMORY: {
    exitCode: ExitCode.commandFailed,
    message: 'the job ran out of memory; fix: request more with --memory',
  },
  NODE_FAIL: { exitCode: ExitCode.commandFailed, message: 'the node failed' },
  BOOT_FAIL: { exitCode: ExitCode.commandFailed, message: 'the node did not boot' },
  PREEMPTED: { exitCode: ExitCode.commandFailed, message: 'the job was preempted' },
};

export function getJobOutcome({ state, reason, exitCode }: Job): Outcome {
  const known = states[state];
  if (known !== undefined) {
    return { ...known, message: reason === undefined ? known.message : `${known.message} (${reason})` };
  }
  if (state === 'COMPLETED' && exitCode === 0) {
    return {
      exitCode: ExitCode.ok,
      message: 'the job completed with exit code 0; the report of its script did not become visible here',
    };
  }
  return {
    exitCode: exitCode === undefined || exitCode === 0 ? ExitCode.failure : exitCode,
    message: `the job ended in state ${state} before its script could report why; see batch.log`,
  };
}

/** Returns the outcome of a job that another user, an administrator or Slurm canceled; undefined for other jobs. */
export function explainCancellation({ state, canceledBy }: Job): Outcome | undefined {
  if (state !== 'CANCELLED' || canceledBy === undefined || canceledBy === getOwnUid()) {
    return undefined;
  }
  const by = canceledBy === 0 ? 'root: an administrator, or Slurm itself' : `the user with id ${canceledBy}`;
  return {
    exitCode: ExitCode.commandFailed,
    message: `the job was canceled by ${by}; fix: ask the administrators, then submit again`,
  };
}

/** Returns the outcome of a script that ended by SIGTERM, from Slurm, which may know who sent the signal. */
export function explainTermination(job: Job): Outcome | undefined {
  return ['CANCELLED', 'COMPLETED', 'FAILED'].includes(job.state)
    ? explainCancellation(job)
    : getJobOutcome(job);
}
