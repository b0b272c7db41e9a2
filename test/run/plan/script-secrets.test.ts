import { expect, test } from '@jest/globals';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { ScriptRun } from '../../support/script-run.ts';

/** Returns the command lines of all processes on this host. */
async function commandLines(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  return Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
}

test('values of triton.env reach tritonserver byte by byte, and appear in no command line', async () => {
  const secret = `s3cret-${process.pid}'"$(id)\n\\ü %s`;
  const run = await ScriptRun.create(
    { triton: { stopSeconds: 2, env: { MY_TOKEN: secret, PLAIN: '' }, preload: ['/nonexistent/lib.so'] } },
    {},
    {
      exec: 'case "$*" in *checked*) echo checked; exit ;; esac',
      tritonserver: 'printf %s "$MY_TOKEN" >"$HOME/token"; env >"$HOME/environment"; exec sleep 60',
      client: `case $1 in test) touch "$HOME/testing"; sleep 1 ;; esac`,
    },
  );
  const running = run.start();
  const seen = new Set<string>();
  const ended = running.ended.then(() => true);
  while (!(await Promise.race([ended, sleep(5).then(() => false)]))) {
    (await commandLines()).filter((line) => line.includes('s3cret')).forEach((line) => seen.add(line));
  }
  expect({ code: await running.ended, log: await run.log() }).toMatchObject({ code: 0 });
  expect([...seen]).toEqual([]);
  expect((await run.calls()).filter((call) => call.includes('s3cret'))).toEqual([]);
  expect(await readFile(`${run.root}/token`, 'utf8')).toBe(secret);
  expect(await readFile(`${run.root}/environment`, 'utf8')).toMatch(/^LD_PRELOAD=\/nonexistent\/lib\.so$/m);
});

test("the server's key is created on the node's own disk and the client's files move to the run directory", async () => {
  const run = await ScriptRun.create(
    {},
    {},
    {
      client: `case $1 in test) ls -R "$HOME"/.hpc-gat >"$HOME/shared"; ls "$HOME"/temp/*/credentials >"$HOME/local" ;; esac`,
    },
  );
  expect(await run.run()).toMatchObject({ exitCode: 0 });
  const created = (await run.calls()).find((call) => call.startsWith('client credentials '));
  expect(created).toContain(`client credentials ${run.root}/temp/hpc-gat-`);
  expect(await readFile(`${run.root}/shared`, 'utf8')).toMatch(/\nca\.pem\nclient-key\.pem\nclient\.pem\n/);
  expect(await readFile(`${run.root}/shared`, 'utf8')).not.toContain('server-key.pem');
  expect(await readFile(`${run.root}/local`, 'utf8')).toBe('ca.pem\nserver-key.pem\nserver.pem\n');
});
