import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../src/support/package/package-root.ts';
import { sourceFiles } from './source-files.ts';

test('only own-account.ts calls userInfo, which throws for a user id without an account', () => {
  const calling = sourceFiles.filter((file) =>
    /\buserInfo\b/.test(readFileSync(path.join(packageRoot, 'src', file), 'utf8')),
  );
  expect(calling).toEqual(['support/own-account.ts']);
});
