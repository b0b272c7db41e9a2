/** What of an Apptainer definition file says which things it is made of. */
export interface Recipe {
  readonly stages: readonly RecipeStage[];
  /** What `%files` copies from this host, as written there: may be a directory or a pattern. */
  readonly files: readonly string[];
  /** Whether a section runs commands on this host. */
  readonly hasSetup: boolean;
}

/** A header: what the container starts from. */
export interface RecipeStage {
  /** Apptainer's name of the agent, in small letters: `docker`, `localimage`, `debootstrap`. */
  readonly bootstrap: string;
  readonly from: string;
}

/** apptainer.org, user guide, "Templating": a name between braces. */
const variable = /\{\{\s*(\w+)\s*\}\}/g;

/**
 * Reads a definition file (apptainer.org, user guide, "Definition Files").
 *
 * @param given values for its variables, which go before those of its `%arguments`.
 */
export function parseRecipe(text: string, given: Readonly<Record<string, string>>): Recipe {
  const values = { ...readDefaults(text), ...given };
  const lines = text.replace(variable, (whole, name: string) => values[name] ?? whole).split('\n');
  const stages: { bootstrap: string; from: string }[] = [];
  const files: string[] = [];
  let section = '';
  let hasSetup = false;
  for (const line of lines) {
    const [, key = '', value = ''] = /^\s*(bootstrap|from)\s*:\s*(.*?)\s*$/i.exec(line) ?? [];
    if (isHeading(line)) {
      section = line.trim();
      hasSetup ||= section.startsWith('%setup');
    } else if (/^bootstrap$/i.test(key)) {
      section = '';
      stages.push({ bootstrap: value.toLowerCase(), from: '' });
    } else if (/^from$/i.test(key) && section === '') {
      Object.assign(stages.at(-1) ?? {}, { from: value });
    } else if (section === '%files') {
      // The name, and where it goes. `%files from STAGE` copies out of another stage.
      const [word = ''] = wordsOf(line);
      if (word !== '' && !word.startsWith('#')) {
        files.push(word);
      }
    }
  }
  return { stages, files, hasSetup };
}

function isHeading(line: string): boolean {
  return /^%[a-z]+/.test(line);
}

function readDefaults(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  let inside = false;
  for (const line of text.split('\n')) {
    if (isHeading(line)) {
      inside = line.trim() === '%arguments';
    } else if (inside) {
      const [, name, value = ''] = /^\s*(\w+)=(.*?)\s*$/.exec(line) ?? [];
      if (name !== undefined) {
        values[name] = value;
      }
    }
  }
  return values;
}

function wordsOf(line: string): string[] {
  return Array.from(
    line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g),
    ([, double, single, plain]) => double ?? single ?? plain ?? '',
  );
}
