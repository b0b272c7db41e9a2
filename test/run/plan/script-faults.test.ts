import { describe, expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type FakePrograms, ScriptRun } from '../../support/script-run.ts';

const gpu: FakePrograms['exec'] =
  'case $1 in nvidia-smi) echo "GPU 0: A100 (UUID: GPU-aaaa)"; echo "GPU 1: A100 (UUID: GPU-bbbb)"; exit ;; esac';

/** The client waits for the model like a real one, so the end of the server is detected first. */
const waitingClient = 'case $1 in wait-ready) exec sleep 9 ;; esac';

/** Returns the milliseconds between a signal, sent once the log contains this text, and the end of the script. */
async function endsAfterSignal(run: ScriptRun, text: string): Promise<number> {
  const running = run.start();
  await run.untilLog(text);
  await new Promise((resolve) => setTimeout(resolve, 300));
  const sentMs = Date.now();
  running.kill('SIGTERM');
  expect({ exitCode: await running.ended, log: await run.log() }).toMatchObject({ exitCode: 143 });
  return Date.now() - sentMs;
}

test.each<[string, string, FakePrograms, string[]]>([
  ['nvidia-smi', 'started', { exec: 'case $1 in nvidia-smi) exec sleep 300 ;; esac' }, []],
  ['the start of the container', 'run sample', { start: 'sleep 300' }, []],
  ['a line of setup', 'run sample', {}, ['sleep 300']],
])('receives SIGTERM while %s hangs', async (_name, text, fakes, setup) => {
  const run = await ScriptRun.create({ setup }, { gpu: true }, fakes);
  expect(await endsAfterSignal(run, text)).toBeLessThan(5_000);
});

test('ends a server that its runtime starts only after SIGTERM', async () => {
  // Apptainer swallows the signal while it starts, and forwards none to its child.
  const slow = 'trap : TERM; sleep 0.5; sleep 0.5; ("$@"); exit';
  const run = await ScriptRun.create(
    { triton: { stopSeconds: 10 } },
    {},
    { exec: slow, client: waitingClient },
  );
  expect(await endsAfterSignal(run, 'tritonserver started')).toBeLessThan(4_000);
});

test('reports a hanging nvidia-smi as the end of the run', async () => {
  const run = await ScriptRun.create(
    {},
    { gpu: true },
    {
      exec: 'case $1 in nvidia-smi) exec sleep 300 ;; esac',
      edit: (script) => script.replace('with_timeout 90 ', 'with_timeout 1 '),
    },
  );
  expect(await run.run()).toMatchObject({ exitCode: 1, reason: 'gpu-hangs' });
});

describe('GPUs', () => {
  test.each([
    ['0,1', 0, 'GPUs in the container: 2'],
    ['1', 0, 'note: 2 GPUs are visible on this node, 1 of them belong to this job'],
    ['GPU-bbbb', 0, 'note: 2 GPUs are visible'],
    ['NoDevFiles', 1, 'none of the visible GPUs belongs to this job'],
    ['GPU-cccc', 1, 'none of the visible GPUs belongs to this job'],
  ])('with two visible and CUDA_VISIBLE_DEVICES=%j give exit code %i', async (devices, code, line) => {
    const run = await ScriptRun.create({}, { gpu: true }, { exec: gpu });
    const { exitCode, log } = await run.run({ CUDA_VISIBLE_DEVICES: devices });
    expect({ exitCode, log }).toEqual({ exitCode: code, log: expect.stringContaining(line) });
  });
});

describe('the reported reason of a server that ends', () => {
  test('is the line before its usage, for an option that it does not know', async () => {
    const usage =
      "echo \"tritonserver: unrecognized option '--nosuch'\" >&2; echo 'Usage: tritonserver [options]'; seq 700; exit 1";
    const { log, reason } = await (
      await ScriptRun.create({}, {}, { tritonserver: usage, client: waitingClient })
    ).run();
    expect(reason).toBe('server-ended');
    expect(log).toContain("unrecognized option '--nosuch'");
    expect(log).not.toMatch(/Usage|^700$/m);
  });

  test('is its signal, not the usual log lines of hosts without a GPU', async () => {
    const killed =
      'echo "E1129 10:00:00.0 1 cuda.cc:1] CudaDriverHelper has not been initialized."; echo loading; kill -KILL $$';
    const { log } = await (
      await ScriptRun.create({}, {}, { tritonserver: killed, client: waitingClient })
    ).run();
    expect(log).toContain('tritonserver was killed (exit code 137)');
    expect(log).not.toContain('CudaDriverHelper has');
    expect(log).toContain('loading');
  });
});

describe('ports', () => {
  test('are tried ten times before they are reported', async () => {
    const taken = 'echo "error: Socket already in use"; exit 1';
    const run = await ScriptRun.create({}, {}, { tritonserver: taken, client: waitingClient });
    const { exitCode, reason, log } = await run.run();
    expect({ exitCode, reason, log }).toMatchObject({ exitCode: 1, reason: 'ports-taken' });
    expect(log.match(/was taken meanwhile/g)).toHaveLength(10);
  });

  test('end the run when all are in use', async () => {
    const awk =
      'case "$*" in */proc/net/tcp*) seq 20000 31999 | xargs printf "%04X\\n" ;; *) exec /usr/bin/awk "$@" ;; esac';
    expect(await (await ScriptRun.create({}, {}, { others: { awk } })).run()).toMatchObject({
      exitCode: 1,
      reason: 'no-ports',
    });
  });
});

describe('a variable that hides files from the container', () => {
  test.each([
    [
      'a variable of setup hides the keys',
      ['export APPTAINER_BINDPATH=/tmp'],
      'APPTAINER_BINDPATH=/tmp',
      'runtime-variables',
    ],
    [
      'nothing explains it',
      [],
      'not visible in the container: /tmp/credentials/server-key.pem',
      'not-visible',
    ],
  ])('is named where %s', async (_name, setup, text, expected) => {
    const exec = 'case $1 in sh) echo "missing: /tmp/credentials/server-key.pem"; echo checked; exit ;; esac';
    const { exitCode, reason, log } = await (await ScriptRun.create({ setup }, {}, { exec })).run();
    expect({ exitCode, reason }).toEqual({ exitCode: 4, reason: expected });
    expect(log).toContain(text);
  });

  test('is named without its value when the container does not start', async () => {
    const setup = ['export APPTAINER_BINDPATH=/nonexistent APPTAINERENV_TOKEN=s3cret'];
    const run = await ScriptRun.create(
      { setup },
      {},
      { start: 'echo "mount source does not exist"; exit 255', others: { sleep: '' } },
    );
    const { exitCode, reason, log } = await run.run();
    expect({ exitCode, reason }).toEqual({ exitCode: 4, reason: 'runtime-variables' });
    expect(log).toMatch(/mount source[^]*APPTAINER_BINDPATH=\/nonexistent/);
    expect(log).not.toContain('s3cret');
  });
});

test('names the variables of the container runtime when the server does not become ready', async () => {
  const setup = ['export APPTAINER_NETWORK=none'];
  const client = 'case $1 in wait-ready) exit 5 ;; esac';
  const { exitCode, log } = await (await ScriptRun.create({ setup }, {}, { client })).run();
  expect({ exitCode, log }).toMatchObject({
    exitCode: 5,
    log: expect.stringContaining('APPTAINER_NETWORK=none'),
  });
});

/** Fake scontrol that reports the end of the job from the file `end`, in seconds since 1970. */
const scontrol =
  'echo "JobId=7 $(cat "$HOME/preempted") EndTime=$(date --date=@$(cat "$HOME/end") +%FT%T) Deadline=N/A"';

async function jobEnding(inSeconds: number, fakes: FakePrograms = {}, serve = true): Promise<ScriptRun> {
  const run = await ScriptRun.create({}, { serve }, { ...fakes, others: { scontrol } });
  await writeFile(path.join(run.root, 'preempted'), 'PreemptTime=None');
  await writeFile(path.join(run.root, 'end'), String(Math.floor(Date.now() / 1_000) + inSeconds));
  return run;
}

const inSeconds = (seconds: number) => ({
  SLURM_JOB_ID: '7',
  SLURM_JOB_END_TIME: String(Math.floor(Date.now() / 1_000) + seconds),
});

describe('the time limit of a job', () => {
  test('is read again after an extension', async () => {
    const run = await jobEnding(5);
    const startMs = Date.now();
    expect(await run.run(inSeconds(2))).toMatchObject({ exitCode: 0, reason: 'served' });
    expect(Date.now() - startMs).toBeGreaterThan(4_000);
    expect(await run.log()).toContain('the time limit of the job was changed');
    const until = (await run.calls())
      .find((call) => call.startsWith('client credentials'))
      ?.split(' ')
      .at(-1);
    expect(Number(until)).toBeGreaterThan(Date.now() / 1_000 + 29 * 86_400);
  });

  test.each([
    ['near the walltime', 20, 'PreemptTime=None', true, 0, 'served'],
    ['near the walltime', 20, 'PreemptTime=None', false, 5, 'walltime'],
    ['in a preemption', 3_600, 'PreemptTime=2026-01-02T03:04:05', true, 4, 'preempted'],
    ['in a preemption', 3_600, 'PreemptTime=2026-01-02T03:04:05', false, 4, 'preempted'],
    ['by hand', 3_600, 'PreemptTime=None', true, 0, 'served'],
  ])(
    'and USR1 %s, %i s before it, %s, serve %j: exit code %i',
    async (_when, seconds, preempted, serve, exitCode, reason) => {
      const run = await jobEnding(seconds, { client: 'case $1 in test) exec sleep 30 ;; esac' }, serve);
      await writeFile(path.join(run.root, 'preempted'), preempted);
      const running = run.start(inSeconds(seconds));
      await run.untilLog('ready: gat_test');
      running.kill('SIGUSR1');
      expect({ exitCode: await running.ended, reason: run.endedReason() }).toEqual({ exitCode, reason });
    },
  );
});

test('files unpacked by the runtime are removed with the run, including read-only directories', async () => {
  const start =
    'mkdir -p "$APPTAINER_TMPDIR/rootfs/etc/ro" && touch "$APPTAINER_TMPDIR/rootfs/etc/ro/file" && chmod -R a-w "$APPTAINER_TMPDIR/rootfs"';
  const run = await ScriptRun.create({ setup: ['export APPTAINER_TMPDIR=/dev/null/none'] }, {}, { start });
  expect(await run.run()).toMatchObject({ exitCode: 0, log: expect.not.stringContaining('cannot remove') });
  expect(await readdir(path.join(run.root, 'temp'))).toEqual([]);
});

describe('the directory of a run', () => {
  async function serving() {
    const run = await ScriptRun.create(
      {},
      { serve: true },
      {
        start: 'printf "%s\\n" "$@" >"$HOME/arguments"',
        edit: (script) =>
          script
            .replace('next_watch=$((SECONDS + 5))', 'next_watch=$((SECONDS + 1))')
            .replace('sleep "$try"', ''),
      },
    );
    const running = run.start();
    await run.untilLog('serving at');
    const shared =
      /^\/dev\/shm\/.*$/m.exec(await readFile(path.join(run.root, 'arguments'), 'utf8'))?.[0] ?? '';
    expect(existsSync(shared)).toBe(true);
    return { run, running, shared };
  }

  test('ends the run when it disappears', async () => {
    const { run, running, shared } = await serving();
    await rm(run.plan.runDirectory, { recursive: true });
    expect(await running.ended).toBe(1);
    expect(await run.log()).toMatch(/the directory of the run was removed .*ending the server/);
    expect(await run.calls()).toContainEqual(
      expect.stringMatching(/^apptainer instance stop .*hpc-gat-sample/),
    );
    expect([existsSync(shared), await readdir(path.join(run.root, 'temp'))]).toEqual([false, []]);
  });

  test('can be moved while the server serves', async () => {
    const { run, running, shared } = await serving();
    const moved = path.join(run.root, 'moved');
    await rename(run.plan.runDirectory, moved);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    running.kill('SIGTERM');
    expect(await running.ended).toBe(143);
    expect(JSON.parse(await readFile(path.join(moved, 'ended.json'), 'utf8'))).toMatchObject({
      reason: 'terminated',
    });
    expect([
      existsSync(shared),
      await readdir(path.join(run.root, 'temp')),
      await readdir(path.join(moved, 'owned')),
    ]).toEqual([false, [], []]);
  });
});
