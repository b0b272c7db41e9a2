import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { temporaryFolder } from './temporary-folder.ts';

/** Puts an executable `name` into `folder` that runs this shell script. */
export function fakeProgram(folder: string, name: string, script: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

/** A PATH on which these fakes stand before the real programs. */
export function fakePrograms(scripts: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  for (const [name, script] of Object.entries(scripts)) {
    fakeProgram(folder, name, script);
  }
  return `${folder}:/usr/bin:/bin`;
}
