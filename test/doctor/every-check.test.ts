import { expect, test } from '@jest/globals';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Finding } from '../../src/doctor/check.ts';
import { allChecks } from '../../src/doctor/run-checks.ts';
import { answerJson, fakeDaemon } from '../docker/fake-daemon.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { checkHost, type Host } from './check-host.ts';

/** Host on which a check is to report this status and this message. */
interface Case {
  readonly host: () => Host;
  readonly status: Finding['status'];
  readonly message: RegExp;
}

function passes(message: RegExp, host: Host | (() => Host) = {}): Case {
  return { host: typeof host === 'function' ? host : () => host, status: 'ok', message };
}

function reports(status: Case['status'], message: RegExp, host: Host | (() => Host)): Case {
  return { ...passes(message, host), status };
}

/** Creates a host with this text as site configuration of Apptainer. */
function withSiteConfiguration(text: string): Host {
  const file = path.join(temporaryDirectory(), 'apptainer.conf');
  writeFileSync(file, text);
  return {
    programs: {
      apptainer: `case $1 in --version) echo apptainer version 1.4.5 ;; buildcfg) echo APPTAINER_CONF_FILE=${file} ;; esac`,
    },
  };
}

/** Creates a host whose project has a SIF, in which this shell command runs. */
function withImage(command: string): Host {
  const root = temporaryDirectory();
  writeFileSync(path.join(root, 'triton.sif'), '');
  const apptainer = `case $1 in --version) echo apptainer version 1.4.5 ;; *) ${command} ;; esac`;
  return { programs: { apptainer }, root };
}

/** Creates a host with this driver, and an image of Triton 24.05. */
function withDriver(version: string): Host {
  const { programs, root } = withImage('echo NVIDIA_TRITON_SERVER_VERSION=24.05') as Required<Host>;
  return { programs: { ...programs, 'nvidia-smi': `echo ${version}` }, root };
}

function withLoginFile(text: string): Host {
  const HOME = temporaryDirectory();
  for (const name of ['.profile', '.zprofile']) {
    writeFileSync(path.join(HOME, name), `${text}\n`);
  }
  return { env: { HOME } };
}

/** Creates a host with a quota of 100 GiB for home and project, of which this share is used. */
function withQuota(usedShare: number): Host {
  const limit = 100 * 1024 ** 2;
  const root = temporaryDirectory();
  const HOME = path.join(root, 'home');
  mkdirSync(HOME);
  const quota = `echo "$(stat --format=%m "$HOME") ${limit * usedShare} ${limit} ${limit} 0 1 0 0 0"`;
  return { programs: { quota }, env: { HOME }, root };
}

/** Hosts for every check: one on which it passes, and one with the problem for which it exists. */
const cases: Readonly<Record<string, { readonly fine: Case; readonly bad: Case }>> = {
  runtime: {
    fine: passes(/^apptainer 1\.4\.5 at /),
    bad: reports('error', /^neither apptainer nor singularity is on the PATH$/, {
      env: { PATH: '/nowhere' },
    }),
  },
  'runtime-configuration': {
    fine: passes(/no setting in .*apptainer\.conf prevents a run/, () =>
      withSiteConfiguration('user bind control = yes\n'),
    ),
    bad: reports('error', /`user bind control = no` in .*apptainer\.conf/, () =>
      withSiteConfiguration('user bind control = no\n'),
    ),
  },
  'user-namespaces': {
    fine: passes(/can be created by this user/),
    bad: reports('warning', /^AppArmor keeps users from/, () => {
      const namespaceRestriction = path.join(temporaryDirectory(), 'restriction');
      writeFileSync(namespaceRestriction, '1\n');
      return { programs: { unshare: 'exit 1' }, system: { namespaceRestriction } };
    }),
  },
  fuse: {
    fine: passes(/fuse can be used$/, () => {
      const fuse = path.join(temporaryDirectory(), 'fuse');
      writeFileSync(fuse, '');
      return { system: { fuse } };
    }),
    bad: reports('warning', /cannot be used: each start unpacks the whole SIF/, {
      system: { fuse: '/nowhere/fuse' },
    }),
  },
  image: {
    fine: passes(/triton\.sif starts here/, () => withImage('exit 0')),
    bad: reports('error', /triton\.sif does not start here: FATAL/, () =>
      withImage('echo FATAL >&2; exit 255'),
    ),
  },
  gpu: {
    fine: passes(/^GPU 0: X$/, { programs: { 'nvidia-smi': 'echo "GPU 0: X"' }, gpu: true }),
    bad: reports('error', /nvidia-smi lists no GPU: sick/, {
      programs: { 'nvidia-smi': 'echo sick; exit 9' },
      gpu: true,
    }),
  },
  driver: {
    fine: passes(/^NVIDIA driver 550\.54\.15; the image has Triton 24\.05, which needs/, () =>
      withDriver('550.54.15'),
    ),
    bad: reports('error', /^NVIDIA driver 460\.106\.00; .*, which needs/, () => {
      const nvidiaVersion = path.join(temporaryDirectory(), 'version');
      writeFileSync(
        nvidiaVersion,
        'NVRM version: NVIDIA UNIX x86_64 Kernel Module  460.106.00  Sat Aug 19\n',
      );
      return { ...withDriver('none'), system: { nvidiaVersion } };
    }),
  },
  docker: {
    fine: passes(/^the daemon 28\.0 answers; runtimes: runc$/),
    bad: reports('warning', /runtimes: runc; no runtime for GPUs$/, { gpu: true }),
  },
  slurm: {
    fine: passes(/^the controller answers$/),
    bad: reports('error', /is DOWN/, { programs: { scontrol: 'echo "Slurmctld(primary) is DOWN"; exit 1' } }),
  },
  partitions: {
    fine: passes(/^here: cpu, gpu$/, { settings: { slurm: { partition: 'cpu' } } }),
    bad: reports('error', /^"gpux" does not exist/, { settings: { slurm: { partition: 'gpux' } } }),
  },
  accounts: {
    fine: passes(/^yours: physics, teaching$/, { settings: { slurm: { account: 'physics' } } }),
    bad: reports('warning', /^"phisics" is not one of your accounts/, {
      settings: { slurm: { account: 'phisics' } },
    }),
  },
  environment: {
    fine: passes(/^no variable changes a job$/),
    bad: reports('note', /^http_proxy: not used/, { env: { http_proxy: 'http://proxy' } }),
  },
  'login-shell': {
    fine: passes(/loads the environment of a job$/, () => withLoginFile('umask 022')),
    bad: reports('error', /ends with exit code 3 before it runs a command/, () => withLoginFile('exit 3')),
  },
  'shared-memory': {
    fine: passes(/: \d+ MiB free$/, () => ({ system: { sharedMemory: temporaryDirectory() } })),
    // A file system without blocks.
    bad: reports('error', /^\/proc: 0 MiB free, 64 needed$/, { system: { sharedMemory: '/proc' } }),
  },
  temp: {
    fine: passes(/: \d+ MiB free$/, () => ({
      settings: { node: { temp: [temporaryDirectory()], tempFreeMiB: 1 } },
    })),
    bad: reports('error', /^none of \/nowhere can be used$/, { settings: { node: { temp: ['/nowhere'] } } }),
  },
  project: {
    // The directory for temporary files may be in memory.
    fine: passes(/: \d+ MiB free$/, { root: import.meta.dirname }),
    bad: reports('error', /^\/nowhere cannot be written$/, { root: '/nowhere' }),
  },
  'home-quota': {
    fine: passes(/home: 10\.0 GiB of 100\.0 GiB used \(quota\), .* left$/, () => withQuota(0.1)),
    bad: reports('warning', /home: 99\.0 GiB of 100\.0 GiB used \(quota\), 1\.0 GiB left$/, () =>
      withQuota(0.99),
    ),
  },
  'project-quota': {
    fine: passes(/: 10\.0 GiB of 100\.0 GiB used \(quota\), .* left$/, () => withQuota(0.1)),
    bad: reports('warning', /: 99\.0 GiB of 100\.0 GiB used \(quota\), 1\.0 GiB left$/, () =>
      withQuota(0.99),
    ),
  },
  'runtime-cache': {
    fine: passes(/\.apptainer\/cache: does not exist yet, in the home$/, () => withQuota(0.1)),
    bad: reports('warning', /\.apptainer\/cache: .*, in the home, where 1\.0 GiB are free$/, () =>
      withQuota(0.99),
    ),
  },
  'layer-cache': {
    fine: passes(/layers: 0 bytes of at most 4\.0 GiB, in the home$/, () => withQuota(0.1)),
    bad: reports('warning', /layers: 0 bytes .*, in the home, where 1\.0 GiB are free$/, () =>
      withQuota(0.99),
    ),
  },
  'conversion-temp': {
    fine: passes(/: .* free$/, () => ({ env: { APPTAINER_TMPDIR: temporaryDirectory() } })),
    bad: reports('warning', /^\/nowhere does not exist$/, { env: { APPTAINER_TMPDIR: '/nowhere' } }),
  },
};

test('every check has a host on which it passes and one on which it does not', () => {
  expect(Object.keys(cases)).toEqual(allChecks.map(({ name }) => name));
});

test.each(
  Object.entries(cases).flatMap(([name, { fine, bad }]) => [
    { check: name, on: 'a fine host', ...fine },
    { check: name, on: 'a host with a problem', ...bad },
  ]),
)('the check $check reports $status on $on', async ({ check, host, status, message }) => {
  // The daemon has no runtime for GPUs.
  await using daemon = await fakeDaemon((_path, response) => {
    answerJson(response, 200, { ServerVersion: '28.0', Runtimes: { runc: {} } });
  });
  const chosen = host();
  const env = { DOCKER_HOST: daemon.url, ...chosen.env };
  expect(await checkHost({ ...chosen, env }, check)).toEqual([
    {
      check,
      status,
      message: expect.stringMatching(message),
      ...(['error', 'warning'].includes(status) && { fix: expect.stringMatching(/./) }),
    },
  ]);
});
