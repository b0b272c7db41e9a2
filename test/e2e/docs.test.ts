import { expect, test } from '@jest/globals';
import { linesToRun, pageNamed, stories } from '../docs/stories.ts';
import { createGatProject, shell } from '../support/gat-project.ts';
import { describeInLab } from '../support/lab.ts';
import { checkLeaksAfterEach } from '../support/expect-no-leaks.ts';

const longMs = 300_000;
const directory = '/home/alice/story';

describeInLab('the shell blocks of', () => {
  checkLeaksAfterEach(createGatProject);

  test.each(stories.map((story) => [story.page, story] as const))(
    'the steps of %s work in the order of the page',
    async (name, { node, given, after = 'true' }) => {
      const type = async (lines: string) => {
        const { exitCode, stdout, stderr } = await shell(lines, { node, cwd: directory, timeoutMs: 240_000 });
        const output = exitCode === 0 ? '' : stdout + stderr;
        expect({ lines, exitCode, output }).toEqual({ lines, exitCode: 0, output: '' });
      };
      await shell(`rm -rf ${directory} && mkdir ${directory}`);
      try {
        await type(`set -e; ${given}`);
        for (const lines of linesToRun(pageNamed(name))) {
          await type(`set -e\n${lines}`);
        }
      } finally {
        await shell(after, { node, cwd: directory, timeoutMs: 60_000 });
        await shell(`cd ~ && rm -rf ${directory} && docker image rm --force triton:24.05 2>/dev/null`, {
          node,
        });
      }
    },
    longMs,
  );
});
