import { expect } from '@jest/globals';
import path from 'node:path';
import { main } from '../../src/main.ts';
import { packageRoot } from '../../src/support/package/package-root.ts';
import { testContext } from '../support/context.ts';
import { fakePrograms } from '../support/fake-program.ts';

/** Returns the output of `hpc-gat completion SHELL`. */
export async function completionScript(shell: string): Promise<string> {
  const context = testContext();
  expect(await main(['completion', shell], context)).toBe(0);
  return String(context.results[0]);
}

/** Returns the PATH of a shell that finds this `hpc-gat`. */
export function pathToHpcGat(): string {
  const launcher = path.join(packageRoot, 'bin', 'hpc-gat.js');
  return fakePrograms({ 'hpc-gat': `exec '${process.execPath}' '${launcher}' "$@"` });
}
