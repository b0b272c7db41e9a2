import Handlebars from 'handlebars';
import path from 'node:path';
import { listPackageDirectory, readPackageFile } from '../support/package/package-files.ts';
import { quoteArray, quoteForBash } from './quote.ts';

/** Renders a file below `templates/`; see {@link loadTemplate}. */
export async function renderTemplate(file: string, values: object): Promise<string> {
  return (await loadTemplate(file))(values);
}

/**
 * Loads a file below `templates/`, to be rendered more than once. Files beside it whose names begin with `_`
 * are its partials: `_ports.sh.hbs` is `{{> ports}}`. Values are inserted unchanged; a template for a shell
 * writes `{{quote value}}`.
 *
 * @returns a function that renders the template; it throws when the template uses a value that is not given
 */
export async function loadTemplate(file: string): Promise<(values: object) => string> {
  const engine = Handlebars.create();
  engine.registerHelper({ quote: quoteForBash, array: quoteArray });
  const directory = path.dirname(path.join('templates', file));
  for (const name of await listPackageDirectory(directory)) {
    const partial = /^_([\w-]+)\.[\w.]+$/.exec(name)?.[1];
    if (partial !== undefined) {
      engine.registerPartial(partial, await readTemplate(path.join(directory, name)));
    }
  }
  return engine.compile(await readTemplate(path.join('templates', file)), {
    noEscape: true,
    strict: true,
    preventIndent: true,
    knownHelpersOnly: true,
    knownHelpers: { quote: true, array: true },
  });
}

async function readTemplate(file: string): Promise<string> {
  const text = await readPackageFile(file);
  if (text === undefined) {
    throw new Error(`no ${file} in this package`);
  }
  return text;
}
