import { expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { jobOptions, type JobOptionType } from '../../src/config/job-options.ts';
import { main } from '../../src/main.ts';
import type { RunPlan } from '../../src/run/plan/run-plan.ts';
import { createFullRequest, createSmallRequest } from '../../src/slurm/request-options.ts';
import { testContext } from '../support/context.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const values: Readonly<Record<JobOptionType, string>> = {
  text: 'abc',
  count: '3',
  time: '1:02:03',
  size: '5G',
};
const otherValues: typeof values = { text: 'xyz', count: '1', time: '30', size: '1G' };

const rows = jobOptions.map((option) => [`--${option.flag}`, option] as const);

/** Calls `render --gpu` in a new project. */
async function render(args: readonly string[], configuration = '', cwd = temporaryDirectory()) {
  writeFileSync(path.join(cwd, 'hpc-gat.yaml'), configuration);
  const context = testContext({ cwd });
  const exitCode = await main(['render', '--gpu', '--json', '--id', 'x', ...args], context);
  const [report] = context.results as ({ plan: RunPlan; script: string } | undefined)[];
  return { exitCode, messages: context.messages.join('\n'), ...report };
}

/** Returns the configuration that sets one option. */
function configurationOf(section: 'job' | 'gpu' | 'mail', key: string, value: string): string {
  return section === 'job' ? `slurm:\n  ${key}: ${value}\n` : `slurm:\n  ${section}:\n    ${key}: ${value}\n`;
}

test.each(rows)('the flag and the key of %s set the same option of sbatch', async (flag, option) => {
  const value = values[option.type];
  const cwd = temporaryDirectory();
  const byFlag = await render([flag, value], '', cwd);
  expect(byFlag).toMatchObject({ exitCode: 0, messages: '' });
  const { section, key, sbatch = 'gres' } = option;
  expect(byFlag.script).toMatch(new RegExp(`^#SBATCH --${sbatch}=.*${value}`, 'm'));
  expect((await render([], configurationOf(section, key, value), cwd)).plan?.directives).toEqual(
    byFlag.plan?.directives,
  );
});

test.each(jobOptions.filter(({ section }) => section === 'job'))(
  'slurm.gpu.$key replaces slurm.$key for GPU jobs',
  async ({ key, type, sbatch }) => {
    const configuration = `${configurationOf('job', key, otherValues[type])}  gpu: { ${key}: ${values[type]} }\n`;
    const { script } = await render([], configuration);
    expect(script).toMatch(new RegExp(`^#SBATCH --${sbatch ?? ''}=${values[type]}$`, 'm'));
  },
);

test.each(rows)('a value of %s that cannot be used is named with the flag', async (flag, { type }) => {
  const unusable = type === 'count' ? '0' : '';
  const { exitCode, messages } = await render([flag, unusable]);
  const shown = type === 'count' ? '0' : '""';
  expect({ exitCode, messages }).toEqual({
    exitCode: 2,
    messages: expect.stringMatching(
      new RegExp(`^hpc-gat: unusable command line\n  ${flag} ${shown}: [^\n]+\n  fix: [^\n]+$`),
    ),
  });
});

test.each(rows)('the small jobs on a node request %s where they have to', async (flag, option) => {
  const { plan } = await render([flag, values[option.type]]);
  const directives = plan?.directives ?? [];
  const requested = (request: readonly string[]) =>
    request.includes(
      `--${option.sbatch ?? 'gres'}=${directives.find(([name]) => name === (option.sbatch ?? 'gres'))?.[1] ?? ''}`,
    );
  expect({
    full: requested(createFullRequest(directives)),
    small: requested(createSmallRequest(directives)),
  }).toEqual({
    full: option.jobs !== 'run',
    small: option.jobs === 'all',
  });
});

test('the help lists every job option with its description in a separate group', async () => {
  const context = testContext();
  await main(['submit', '--help'], context);
  const [, group = ''] = /^Job:\n([\s\S]*?)\n\n/m.exec(context.results.join('\n')) ?? [];
  const text = group.replaceAll(/\s+/g, ' ');
  for (const { flag, description } of jobOptions) {
    expect(text).toContain(` --${flag} ${description}`);
  }
});

test('--comment, the newest row of the table, has all that the table derives', async () => {
  const { plan, script } = await render(['--comment', 'grant 7']);
  expect(script).toContain('\n#SBATCH --comment="grant 7"\n');
  expect(createSmallRequest(plan?.directives ?? [])).toContain('--comment=grant 7');
});
