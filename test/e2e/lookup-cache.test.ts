import { beforeAll, expect, test } from '@jest/globals';
import { describeInLab } from '../support/lab.ts';
import { withModes } from '../support/lab-modes.ts';
import { hpcGat, createGatProject, quickModels, shell } from '../support/gat-project.ts';

const longMs = 180_000;
const quick = ['--models', quickModels];

/** Time within which an event has to be reported, although the caches are valid for 60 s. */
const promptMs = 45_000;

describeInLab('a login node with the caches of an NFS client', () => {
  withModes('login', { lookupCacheSeconds: 60 });
  beforeAll(createGatProject, 300_000);

  test('caches a missing name and a directory listing', async () => {
    const script = `rm -rf probe && mkdir probe && touch probe/first && ls probe >/dev/null && ls probe >/dev/null
      cat probe/note
      srun --quiet sh -c 'echo text >probe/note; echo text >probe/other'
      cat probe/note || echo "cached"; ls probe | grep other || echo "listing cached"; cat probe/other`;
    expect((await shell(script)).stdout).toBe('cached\nlisting cached\ntext');
  });

  test(
    'submit --wait reports a passed run as soon as it has passed',
    async () => {
      const startedMs = Date.now();
      const { exitCode, stdout, stderr } = await hpcGat(['submit', '--wait', ...quick, '--id', 'cached']);
      expect({ exitCode, stdout, stderr }).toMatchObject({ exitCode: 0 });
      expect(stdout).toMatch(/PASS: infer$/);
      expect(stderr).toContain('run cached: passed (exit code 0)');
      expect(Date.now() - startedMs).toBeLessThan(promptMs);
      expect((await hpcGat(['status', 'cached'])).stdout).toMatch(/cached.*passed/);
    },
    longMs,
  );

  test(
    'a served model is found, tested, followed and cleaned up while the caches are stale',
    async () => {
      const startedMs = Date.now();
      const submitted = await hpcGat(['submit', '--serve', '--time', '10', ...quick, '--id', 'served']);
      expect(submitted).toMatchObject({ exitCode: 0 });
      const following = hpcGat(['logs', 'served', '-f', '--only', 'batch']);
      const isServed = async () => (await hpcGat(['endpoints', '--json'])).stdout.includes('"served"');
      while (!(await isServed()) && Date.now() - startedMs < promptMs) {
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
      expect((await hpcGat(['test', 'served'])).exitCode).toBe(0);
      expect((await hpcGat(['status', 'served'])).stdout).toMatch(/served.*RUNNING/);
      const ended = await hpcGat(['cleanup', 'served']);
      expect(ended).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^served: cancel job \d+ /) });
      expect((await following).stdout).toMatch(/serving at[^]*ended: terminated/);
      expect((await hpcGat(['cleanup'])).stdout.trim()).toBe('nothing to clean up');
      expect(Date.now() - startedMs).toBeLessThan(promptMs);
    },
    longMs,
  );
});
