import type { Plugin } from 'esbuild';
import { isBuiltin } from 'node:module';
import { relative } from 'node:path';
import { root } from './options.ts';

const namespace = 'node';

/**
 * Loads Node's own modules by a call in the published files. An `import` reads all exports, and reading some of them
 * loads more: undici for node:http, WebCrypto for node:crypto, streams for node:fs. That takes 35 ms.
 */
export const nodeModules: Plugin = {
  name: 'node-modules',
  setup: (build) => {
    build.onResolve({ filter: /^[^.]/ }, ({ path, kind, importer }) =>
      // Each importer gets its own copy, because a shared one would be a separate chunk.
      kind === 'import-statement' && isBuiltin(path)
        ? { path, namespace, suffix: `?${relative(root, importer)}`, sideEffects: false }
        : undefined,
    );
    build.onLoad({ filter: /^/, namespace }, ({ path }) => ({ contents: asEsModule(path) }));
  },
};

/** Returns an ES module with the same names, of which esbuild keeps the used ones. */
function asEsModule(name: string): string {
  const call = `process.getBuiltinModule('${name}')`;
  const names = Object.keys(process.getBuiltinModule(name) ?? {}).filter((key) => key !== 'default');
  return [
    `export default /* @__PURE__ */ ${call};`,
    ...names.map((key) => `export const ${key} = /* @__PURE__ */ (() => ${call}.${key})();`),
  ].join('\n');
}
