import Handlebars from 'handlebars';
import path from 'node:path';
import { listPackageFolder, readPackageFile } from '../support/package-files.ts';
import { bashArray, quoteForBash } from './quote.ts';

/**
 * Renders a file below `templates/`. Files beside it whose name begins with `_` are its partials: `_ports.sh.hbs` is
 * `{{> ports}}`. Values are put in as they are; a template for a shell writes `{{quote value}}`.
 *
 * @throws when the template names a value that `values` lacks.
 */
export async function renderTemplate(file: string, values: object): Promise<string> {
  const engine = Handlebars.create();
  engine.registerHelper({ quote: quoteForBash, array: bashArray });
  const folder = path.dirname(path.join('templates', file));
  for (const name of await listPackageFolder(folder)) {
    const partial = /^_([\w-]+)\.[\w.]+$/.exec(name)?.[1];
    if (partial !== undefined) {
      engine.registerPartial(partial, await templateText(path.join(folder, name)));
    }
  }
  const template = engine.compile(await templateText(path.join('templates', file)), {
    noEscape: true,
    strict: true,
    preventIndent: true,
    knownHelpersOnly: true,
    knownHelpers: { quote: true, array: true },
  });
  return template(values);
}

async function templateText(file: string): Promise<string> {
  const text = await readPackageFile(file);
  if (text === undefined) {
    throw new Error(`no ${file} in this package`);
  }
  return text;
}
