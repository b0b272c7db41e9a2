import type { Plugin } from 'esbuild';
import { isBuiltin } from 'node:module';
import { relative } from 'node:path';
import { root } from './options.ts';

const namespace = 'node';

/**
 * Node's own modules, asked for by a call in what is published. An `import` reads all that they export, and some of it is
 * loaded when it is read: undici by node:http, WebCrypto by node:crypto, streams by node:fs. That takes 35 ms.
 */
export const nodeModules: Plugin = {
  name: 'node-modules',
  setup: (build) => {
    build.onResolve({ filter: /^[^.]/ }, ({ path, kind, importer }) =>
      // One for each importer: what is shared would be a chunk more.
      kind === 'import-statement' && isBuiltin(path)
        ? { path, namespace, suffix: `?${relative(root, importer)}`, sideEffects: false }
        : undefined,
    );
    build.onLoad({ filter: /^/, namespace }, ({ path }) => ({ contents: asEsModule(path) }));
  },
};

/** An ES module of the same names, of which esbuild keeps those that are used. */
function asEsModule(name: string): string {
  const call = `process.getBuiltinModule('${name}')`;
  const names = Object.keys(process.getBuiltinModule(name) ?? {}).filter((key) => key !== 'default');
  return [
    `export default /* @__PURE__ */ ${call};`,
    ...names.map((key) => `export const ${key} = /* @__PURE__ */ (() => ${call}.${key})();`),
  ].join('\n');
}
