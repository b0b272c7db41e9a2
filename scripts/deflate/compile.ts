import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from '../bundle/options.ts';

/** Number of 64 KiB pages that assembly/memory.ts uses. */
const memoryPages = '160';

/** The compiler runs as a program because its types would change those of the language. */
const compiler = createRequire(import.meta.url).resolve('assemblyscript/bin/asc.js');

/** @returns the bytes of the module, which are the same for the same sources and compiler */
export function compileDeflate(): Buffer {
  const directory = mkdtempSync(path.join(tmpdir(), 'hpc-gat-deflate-'));
  const file = path.join(directory, 'deflate.wasm');
  try {
    execFileSync(process.execPath, [
      ...[compiler, path.join(root, 'src/formats/deflate/assembly/index.ts'), '--outFile', file],
      ...['-O3', '--converge', '--noAssert', '--runtime', 'stub'],
      ...['--use', 'abort=', '--initialMemory', memoryPages, '--maximumMemory', memoryPages],
    ]);
    return readFileSync(file);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Returns the source text of src/formats/deflate/program.ts. */
export function programModule(bytes: Buffer): string {
  return [
    '/** WebAssembly, base64, of the sources in assembly/: npm run deflate writes it. */',
    `export const program =\n  '${bytes.toString('base64')}';`,
    '',
  ].join('\n');
}
