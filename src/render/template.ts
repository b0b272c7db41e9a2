import Handlebars from 'handlebars';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { packageRoot } from '../support/package-root.ts';
import { bashArray, quoteForBash } from './quote.ts';

const templatesFolder = path.join(packageRoot, 'templates');

/**
 * Renders a file below `templates/`. Files beside it whose name begins with `_` are its partials: `_ports.sh.hbs` is
 * `{{> ports}}`. Values are put in as they are; a template for a shell writes `{{quote value}}`.
 *
 * @throws when the template names a value that `values` lacks.
 */
export async function renderTemplate(file: string, values: object): Promise<string> {
  const engine = Handlebars.create();
  engine.registerHelper({ quote: quoteForBash, array: bashArray });
  const folder = path.dirname(path.join(templatesFolder, file));
  for (const name of await readdir(folder)) {
    const partial = /^_([\w-]+)\.[\w.]+$/.exec(name)?.[1];
    if (partial !== undefined) {
      engine.registerPartial(partial, await readFile(path.join(folder, name), 'utf8'));
    }
  }
  const template = engine.compile(await readFile(path.join(templatesFolder, file), 'utf8'), {
    noEscape: true,
    strict: true,
    preventIndent: true,
    knownHelpersOnly: true,
    knownHelpers: { quote: true, array: true },
  });
  return template(values);
}
