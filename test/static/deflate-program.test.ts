import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { compileDeflate, programModule } from '../../scripts/deflate/compile.ts';
import { packageRoot } from '../../src/support/package/package-root.ts';

test('the committed WebAssembly matches its sources: npm run deflate', () => {
  const committed = readFileSync(path.join(packageRoot, 'src/formats/deflate/program.ts'), 'utf8');
  expect(committed).toBe(programModule(compileDeflate()));
}, 120_000);
