import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Puts an executable `name` into `folder` that runs this shell script. */
export function fakeProgram(folder: string, name: string, script: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}
