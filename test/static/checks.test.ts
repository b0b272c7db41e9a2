import { expect, test } from '@jest/globals';
import { execa } from 'execa';
import { packageRoot } from '../../src/support/package/package-root.ts';

const checks = [
  'check:format',
  'check:lint',
  'check:types',
  'check:dead',
  'check:spelling',
  'check:words',
  'check:package',
];

test.each(checks)(
  'npm run %s passes',
  async (check) => {
    const { exitCode, all } = await execa('npm', ['run', '--silent', check], {
      cwd: packageRoot,
      reject: false,
      all: true,
    });
    expect({ exitCode, all: exitCode === 0 ? '' : all }).toEqual({ exitCode: 0, all: '' });
  },
  180_000,
);
