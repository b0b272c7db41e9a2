#!/usr/bin/env node
// This file must be valid in any version of Node, to print the fix in one that is too old.
import module from 'node:module';

// process.getBuiltinModule is used because an import loads the streams of node:fs too.
const require = module.createRequire(import.meta.url);
const { existsSync, lstatSync, mkdirSync, rmSync } = require('node:fs');
const { homedir } = require('node:os');
const path = require('node:path');
const { fileURLToPath } = require('node:url');

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const source = path.join(root, 'src', 'main.ts');
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major > 22 || (major === 22 && minor >= 15)) {
  // The cache is not in /tmp, which is Node's default, because a run leaves nothing there.
  const { XDG_CACHE_HOME: named = '', NODE_DISABLE_COMPILE_CACHE: disabled = '' } = process.env;
  const cache = path.isAbsolute(named) ? named : path.join(home(), '.cache');
  const compiled = path.join(cache, 'hpc-gat', 'node');
  if (disabled === '' && path.isAbsolute(compiled) && isUsable(compiled)) {
    module.enableCompileCache(compiled);
  }
  const isCheckout = existsSync(source);
  if (isCheckout && !existsSync(path.join(root, 'node_modules', 'yargs'))) {
    // Node would search for packages in every parent directory, where other users may have placed one of that name.
    process.stderr.write(`hpc-gat: ${root} has no node_modules of its own; fix: run \`npm ci\` there\n`);
    process.exitCode = 3;
  } else {
    const entry = isCheckout ? source : path.join(root, 'dist', 'main.mjs');
    const { start } = /** @type {{ start: () => Promise<void> }} */ (await import(entry));
    await start();
  }
} else {
  const bundled = nodeOfNpm();
  if (bundled === undefined) {
    const fix = existsSync(source)
      ? `run \`npm ci\` in ${root}`
      : 'run `npm install node@24` where hpc-gat is installed';
    process.stderr.write(
      `hpc-gat: needs Node 22.15 or newer, this is ${process.versions.node}; fix: ${fix}, which brings Node 24\n`,
    );
    process.exitCode = 3;
  } else {
    await runWith(bundled);
  }
}

/** Returns the home directory, or an empty string if the user has none. */
function home() {
  try {
    return homedir();
  } catch {
    return '';
  }
}

/**
 * Returns whether compiled code can be cached in a directory. Node executes cached code without comparing it with its
 * source, so the directory must belong to this user and be closed to others. A directory that others can write is
 * created again.
 *
 * @param {string} directory
 */
function isUsable(directory) {
  try {
    if (existsSync(directory) && !isOwn(directory) && lstatSync(directory).uid === process.getuid?.()) {
      rmSync(directory, { recursive: true, force: true });
    }
    return (existsSync(directory) || canMake(directory, 3)) && isOwn(directory);
  } catch {
    return false;
  }
}

/** @param {string} directory */
function isOwn(directory) {
  const facts = lstatSync(directory);
  return facts.isDirectory() && facts.uid === process.getuid?.() && (facts.mode & 0o022) === 0;
}

/**
 * Creates a directory. Node's recursive mkdir retries forever where the system reports ENOENT for a directory whose
 * parent exists, as for a home that an automounter does not know.
 *
 * @param {string} directory
 * @param {number} levels maximum number of parent directories to create
 */
function canMake(directory, levels) {
  const parent = path.dirname(directory);
  if (!existsSync(parent) && !(levels > 1 && canMake(parent, levels - 1))) {
    return false;
  }
  try {
    mkdirSync(directory, 0o700);
    return true;
  } catch {
    // Another process may have created it in the meantime.
    return existsSync(directory);
  }
}

/**
 * Returns the Node of npm's package `node`, which is part of a checkout and may be installed beside this package. Only
 * these two places are searched, because parent directories may belong to other users.
 */
function nodeOfNpm() {
  const beside = path.dirname(root);
  const directories = [
    path.join(root, 'node_modules'),
    ...(path.basename(beside) === 'node_modules' ? [beside] : []),
  ];
  return directories
    .map((directory) => path.join(directory, 'node', 'bin', 'node'))
    .find((file) => existsSync(file));
}

/** @param {string} node */
async function runWith(node) {
  const { spawn } = await import('node:child_process');
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => child.kill(signal));
  }
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 143);
  });
}
