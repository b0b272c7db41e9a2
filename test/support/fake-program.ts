import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { temporaryDirectory } from './temporary-directory.ts';

/** Writes an executable `name` into the directory that runs this shell script. */
export function fakeProgram(directory: string, name: string, script: string): string {
  const file = path.join(directory, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

/** Returns a PATH with these fakes before the real programs. */
export function fakePrograms(scripts: Readonly<Record<string, string>>): string {
  const directory = temporaryDirectory();
  for (const [name, script] of Object.entries(scripts)) {
    fakeProgram(directory, name, script);
  }
  return `${directory}:/usr/bin:/bin`;
}
