/*
 * npm run deflate: compiles src/formats/deflate/assembly/ to WebAssembly and writes it into
 * src/formats/deflate/program.ts, so that hpc-gat needs neither a file nor a compiler at run time.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { compileDeflate, programModule } from './deflate/compile.ts';
import { root } from './bundle/options.ts';

writeFileSync(path.join(root, 'src/formats/deflate/program.ts'), programModule(compileDeflate()));
