import path from 'node:path';
import { findSuspiciousLoginFile } from '../run/login-files.ts';
import { getOwnAccount, getOwnName } from '../support/own-account.ts';
import { findProgram } from '../support/processes/find-program.ts';
import { type Check, error, ok } from './check.ts';

/** Time limit of a login shell; Slurm's own (GetEnvTimeout) is longer, but users do not wait that long for a login. */
const timeoutMs = 10_000;
const mark = 'hpc-gat: the login shell has completed';

/** With --export=NONE, Slurm has a login shell print the environment on the node before the script of a job starts. */
export const loginChecks: readonly Check[] = [
  {
    name: 'login-shell',
    run: async ({ context }) => {
      if (findProgram('sbatch', context.env) === undefined) {
        return [];
      }
      const { shell: program = '/bin/sh', homeDirectory = '/', name = getOwnName(context) } = getOwnAccount();
      const { HOME = homeDirectory, PATH } = context.env;
      // A dash before the program's name makes it a login shell, as `su -` does.
      const result = await context.run(
        'bash',
        ['-c', 'exec -a "-$1" "$0" -c "$2"', program, path.basename(program), `env; echo '${mark}'`],
        {
          env: { HOME, PATH, USER: name, LOGNAME: name, SHELL: program, TERM: 'dumb' },
          cwd: '/',
          timeoutMs,
          signal: context.signal,
        },
      );
      if (result.stdout.includes(mark)) {
        return ok(`${program} loads the environment of a job`);
      }
      const how = result.timedOut
        ? `does not end within ${timeoutMs / 1_000} s`
        : `ends with ${result.signal ?? `exit code ${result.exitCode ?? 'unknown'}`} before it runs a command`;
      return error(
        `${program} as a login shell ${how}: Slurm cannot load the environment of a job, and cancels it`,
        `correct ${await findSuspiciousLoginFile(HOME, program)}, or submit with --sbatch export=NIL, which does not read it`,
      );
    },
  },
];
