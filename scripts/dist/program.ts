import { build } from 'esbuild';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { licenseTexts } from '../bundle/licenses.ts';
import { bundledPackages, bundleOptions, root } from '../bundle/options.ts';
import { nodePackage } from './node-package.ts';
import { describeFiles, filesOfPackage } from './packed-files.ts';

/** Writes the program and its files into `directory`, and returns the configuration for Node's preparation step. */
export async function bundleProgram(directory: string): Promise<string> {
  const inDirectory = (name: string, content: string): string => {
    const file = path.join(directory, name);
    writeFileSync(file, content);
    return file;
  };
  const main = path.join(directory, 'hpc-gat.cjs');
  // Node 24 embeds only CommonJS programs.
  const { metafile } = await build({
    ...bundleOptions,
    stdin: {
      contents: "import { start } from './src/main.ts'; void start();",
      resolveDir: root,
      loader: 'ts',
    },
    outfile: main,
    format: 'cjs',
    define: {
      'import.meta.url': 'urlOfProgram',
      'import.meta.dirname': '__dirname',
      'import.meta.filename': 'undefined',
    },
    banner: { js: "const urlOfProgram = require('node:url').pathToFileURL(__filename).href;" },
  });
  const licenses = inDirectory('licenses.txt', licenseTexts([nodePackage, ...bundledPackages(metafile)]));
  const files = [...filesOfPackage(), { file: 'licenses.txt', source: licenses, mode: 0o644 }];
  const configuration = {
    // The path of the program is embedded, so it must not be that of this checkout.
    main: path.relative(root, main),
    output: path.join(directory, 'program.blob'),
    disableExperimentalSEAWarning: true,
    useCodeCache: true,
    // NODE_OPTIONS of the user's shell must not affect this program.
    execArgvExtension: 'none',
    assets: {
      'files.json': inDirectory('files.json', JSON.stringify(describeFiles(files))),
      ...Object.fromEntries(files.map(({ file, source }) => [file, source])),
    },
  };
  return inDirectory('sea-config.json', JSON.stringify(configuration));
}
