/** Parts of an Apptainer definition file that name its inputs. */
export interface Definition {
  readonly stages: readonly DefinitionStage[];
  /** Sources of `%files` on this host, as written: files, directories or patterns. */
  readonly files: readonly string[];
  /** True if a section runs commands on this host. */
  readonly hasSetup: boolean;
}

/** Header of a stage, which names its base. */
export interface DefinitionStage {
  /** Apptainer's name of the bootstrap agent in lower case: `docker`, `localimage`, `debootstrap`. */
  readonly bootstrap: string;
  readonly from: string;
}

/** Template variable: a name between braces (apptainer.org, user guide, "Templating"). */
const variable = /\{\{\s*(\w+)\s*\}\}/g;

/**
 * Parses a definition file (apptainer.org, user guide, "Definition Files").
 *
 * @param given values for its variables, which take precedence over its `%arguments`.
 */
export function parseDefinition(text: string, given: Readonly<Record<string, string>>): Definition {
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
      // A line has the source and the destination. `%files from STAGE` copies from another stage.
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
