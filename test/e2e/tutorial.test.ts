import { expect, test } from '@jest/globals';
import { missingLines, stepsOf } from '../support/docs-steps.ts';
import { createGatProject, projectDirectory, shell } from '../support/gat-project.ts';
import { describeInLab } from '../support/lab.ts';
import { checkLeaksAfterEach } from '../support/expect-no-leaks.ts';

const directory = '/home/alice/tutorial';

describeInLab('docs/guides/own-model.md', () => {
  checkLeaksAfterEach(async () => {
    await createGatProject();
    await shell(
      `rm -rf ${directory} && mkdir ${directory} && ln -s ${projectDirectory}/triton.sif ${directory}/`,
    );
  });

  test('every step works as the page describes', async () => {
    const steps = await stepsOf('guides/own-model.md');
    expect(steps.length).toBeGreaterThan(8);
    for (const step of steps) {
      const options = { cwd: directory, timeoutMs: 120_000 };
      if (step.kind === 'file') {
        const { exitCode } = await shell(`cat >'${step.name}'`, { ...options, input: step.text });
        expect([step.name, exitCode]).toEqual([step.name, 0]);
        continue;
      }
      const { exitCode, stdout, stderr } = await shell(`set -e\n${step.lines}`, options);
      expect({ ...step, exitCode, stdout, stderr }).toMatchObject({ exitCode: 0 });
      expect({ missing: missingLines(step.output, stdout), stdout }).toMatchObject({ missing: [] });
    }
  }, 240_000);
});
