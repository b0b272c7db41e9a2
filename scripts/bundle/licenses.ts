import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
}

/** Returns the notices that the licenses of these packages require, with those of the parts that are in the bundle. */
export function licenseTexts(packages: readonly string[]): string {
  return packages.map(licenseText).join(`\n${'-'.repeat(80)}\n\n`);
}

function licenseText(directory: string): string {
  const manifest = JSON.parse(readFileSync(path.join(directory, 'package.json'), 'utf8')) as Manifest;
  const file = readdirSync(directory).find((name) => /^licen[cs]e/i.test(name));
  if (file === undefined && manifest.license === undefined) {
    throw new Error(`${directory} has no license to hand on`);
  }
  const text = file === undefined ? '' : `\n${readFileSync(path.join(directory, file), 'utf8').trim()}\n`;
  return `${manifest.name} ${manifest.version}: ${manifest.license ?? 'see below'}\n${text}`;
}
