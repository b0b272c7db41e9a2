import { afterAll, expect, test } from '@jest/globals';
import { hpcGat, createGatProject, projectDirectory, quickModels, shell } from '../support/gat-project.ts';
import { describeInLab } from '../support/lab.ts';
import { checkLeaksAfterEach } from '../support/expect-no-leaks.ts';

const longMs = 120_000;
const slurmConf = '/etc/slurm/slurm.conf';

/** Lab with settings of other clusters: preemption, a QOS that requires GPUs, a prolog that fails if a file exists. */
const configure = `
set -e
cp ${slurmConf} ${slurmConf}.before
sed -i -e 's/^AccountingStorageEnforce=.*/AccountingStorageEnforce=associations,qos,limits/' \
  -e '/^PropagateResourceLimits=/d' -e '/^PartitionName=gpu/s/$/ QOS=gpu-only/' -e '/^PartitionName=cpu/s/$/ PriorityTier=1/' ${slurmConf}
cat >>${slurmConf} <<END
PreemptType=preempt/partition_prio
PreemptMode=CANCEL
PartitionName=high Nodes=cpu1,cpu2 DefaultTime=10 MaxTime=60 State=UP PriorityTier=10 PreemptMode=OFF
Prolog=/home/prolog.sh
END
printf '#!/bin/sh\\n[ ! -e /home/alice/prolog-fails ]\\n' >/home/prolog.sh
chmod 755 /home/prolog.sh
sacctmgr -i add qos gpu-only MinTRESPerJob=gres/gpu=1 Flags=DenyOnLimit >/dev/null
scontrol reconfigure
sleep 2
`;

const restore = `
rm -f /home/alice/prolog-fails
mv ${slurmConf}.before ${slurmConf}
scontrol reconfigure
sacctmgr -i delete qos gpu-only >/dev/null
rm -f /home/prolog.sh
scontrol update nodename=cpu[1-2],gpu[1-2] state=resume 2>/dev/null
true
`;

async function onController(script: string): Promise<void> {
  const result = await shell(script, { node: 'ctl', user: 'root', cwd: '/' });
  expect({ ...result }).toMatchObject({ exitCode: 0 });
}

/** Returns the outcome of `submit --wait` with short intervals. */
function submitAndWait(
  id: string,
  options: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
) {
  return hpcGat(['submit', '--wait', '--models', quickModels, '--id', id, ...options], { env });
}

describeInLab('on a cluster with quirks', () => {
  checkLeaksAfterEach(async () => {
    await createGatProject();
    await onController(configure);
  });
  afterAll(() => onController(restore), longMs);

  test('adopts a job whose id sbatch omits or surrounds by other lines', async () => {
    const lost = 'echo "sbatch: error: Socket timed out on send/recv operation" >&2; exit 1';
    for (const [id, sbatch] of [
      ['lost-answer', `/usr/bin/sbatch "$@" >/dev/null; ${lost}`],
      ['trailing', 'echo Welcome; /usr/bin/sbatch "$@"; echo "balance 1234 hours."'],
    ] as const) {
      const wrapper = `mkdir -p ~/wrap; printf '#!/bin/bash\\n%s\\n' "$WRAPPER" >~/wrap/sbatch; chmod +x ~/wrap/sbatch`;
      const submit = `PATH=~/wrap:$PATH hpc-gat submit --sbatch hold --id ${id}`;
      const submitted = await shell(`${wrapper}; ${submit}; code=$?; rm -r ~/wrap; exit $code`, {
        env: { WRAPPER: sbatch },
      });
      expect(submitted).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^job \d+, run/) });
    }
    // This simulates a `submit` that was killed before it could record the job id.
    await shell('rm .hpc-gat/runs/trailing/job.json');
    const env = { SCANCEL_STATE: 'RUNNING', SQUEUE_STATES: 'COMPLETED', SQUEUE_FORMAT: '%t' };
    const ended = await hpcGat(['cleanup', '--all'], { env });
    expect(ended.stdout).toMatch(/trailing: cancel job \d+ \(PENDING\)/);
    expect(ended.stdout).toMatch(/lost-answer: cancel job \d+ \(PENDING\)/);
    expect((await shell('squeue --me --noheader')).stdout).toBe('');
  });

  test(
    'reports why Slurm canceled or holds a job that could not start',
    async () => {
      await shell("printf 'umask 022\\nexit 1\\n' >~/.bash_profile");
      const [login, held] = await Promise.all([
        submitAndWait('login-file'),
        submitAndWait('login-held', ['--sbatch', 'requeue']),
      ]);
      const around = await shell(
        // Triton cannot create its shared memory with files limited to 1 MiB.
        `ulimit -f 1024; hpc-gat submit --wait --models ${quickModels} --sbatch export=NIL --id nil; code=$?; rm ~/.bash_profile; exit $code`,
        { timeoutMs: longMs },
      );
      expect(login.exitCode).toBe(4);
      expect(login.stderr).toMatch(/line 2 of \/home\/alice\/\.bash_profile \(exit 1\).*export=NIL/);
      expect(held.exitCode).toBe(4);
      expect(held.stderr).toMatch(/holds job \d+ \(user env retrieval failed requeued held\).*bash_profile/);
      expect(around).toMatchObject({ exitCode: 0 });
      await shell('touch ~/prolog-fails');
      const prolog = await submitAndWait('prolog', ['--sbatch', 'nodelist=cpu1']);
      await shell('rm ~/prolog-fails');
      await onController('scontrol update nodename=cpu1 state=resume');
      expect(prolog.exitCode).toBe(4);
      expect(prolog.stderr).toMatch(/node cpu1 .*\(Prolog error\)/);
      expect((await shell('squeue --me --noheader')).stdout).toBe('');
    },
    longMs,
  );

  test(
    'reports preemption as preemption',
    async () => {
      const waiting = submitAndWait('preempted', ['--sbatch', 'nodelist=cpu2', '--cpus', '4']);
      await shell('until grep -qs started .hpc-gat/runs/preempted/events.jsonl; do sleep 0.2; done');
      await shell("sbatch -p high -w cpu2 -c 4 --time 1 --mem 100 -o /dev/null --wrap 'sleep 1'");
      const { exitCode, stderr } = await waiting;
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 4, stderr: expect.stringMatching(/preempted/) });
      expect((await hpcGat(['status', 'preempted'])).stdout).toMatch(/preempted .* exit 4/);
    },
    longMs,
  );

  test(
    'cleans up a node with a different hostname, in a partition that requires GPUs and was chosen by the site',
    async () => {
      const rename = (name: string) => shell(`hostname ${name}`, { node: 'gpu2', user: 'root', cwd: '/' });
      await rename('gpu2.cluster.local');
      try {
        const options = ['--gpu', '--allow-cpu', '--serve', '--sbatch', 'nodelist=gpu2'];
        const serving = await submitAndWait('renamed', options);
        expect({ ...serving }).toMatchObject({ exitCode: 0 });
        await shell(
          'kill -KILL "$(cut -d" " -f1 .hpc-gat/runs/renamed/owned/*/script)"; until [ "$(squeue --noheader --me)" = "" ]; do sleep 0.3; done',
          { node: 'gpu2' },
        );
        // The site chooses the partition itself.
        await shell(
          `cd .hpc-gat/runs/renamed; jq '.directives |= map(select(.[0] != "partition"))' plan.json >p; mv p plan.json`,
        );
        const cleaned = await hpcGat(['cleanup', 'renamed']);
        expect({ ...cleaned }).toMatchObject({ exitCode: 0 });
        expect((await shell('ls .hpc-gat/runs/renamed/owned')).stdout).toBe('');
      } finally {
        await rename('gpu2');
      }
    },
    longMs,
  );

  test('reports a project that is visible on the login node only', async () => {
    const make = `rm -rf /tmp/proj; mkdir /tmp/proj; cp -r ${quickModels} /tmp/proj/models; cd /tmp/proj; printf 'site: lab\\nimage: { file: ${projectDirectory}/triton.sif }\\n' >hpc-gat.yaml`;
    const { exitCode, stdout } = await shell(
      `${make}; hpc-gat submit --wait --id tmp 2>&1; code=$?; ls -d /tmp/proj/.hpc-gat/runs/tmp; rm -rf /tmp/proj; exit $code`,
      { timeoutMs: longMs },
    );
    expect(exitCode).toBe(2);
    expect(stdout).toMatch(/\/tmp/);
    for (const node of ['cpu1', 'cpu2']) {
      expect((await shell('ls /tmp/proj', { node })).exitCode).not.toBe(0);
    }
  });
});
