/*
 * npm run deflate: compiles src/formats/deflate/assembly/ to WebAssembly, and writes that into src/formats/deflate/program.ts:
 * no file has to be found at run time, and no compiler is needed to run hpc-gat.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { compileDeflate, programModule } from './deflate/compile.ts';
import { root } from './bundle/options.ts';

writeFileSync(path.join(root, 'src/formats/deflate/program.ts'), programModule(compileDeflate()));
