import { yamlLines } from '../support/yaml.ts';

/** One value of the file to be written. */
export interface Entry {
  /** The keys that lead to it. */
  readonly path: readonly string[];
  readonly value: unknown;
  /** Why it is this, a line each. */
  readonly why: readonly string[];
  /** Written as a comment, for the reader to take or leave. */
  readonly example?: boolean;
}

/**
 * The entries as a YAML text in their order, each below its comment. Those that are examples are comments themselves,
 * and so is a key below which there are only examples.
 */
export function writeDocument(head: readonly string[], entries: readonly Entry[]): string {
  const blocks = sectionsOf(entries, 0).map((section) => sectionLines(section, 0).join('\n'));
  return `${[head.map(comment).join('\n'), ...blocks].join('\n\n')}\n`;
}

/** Entries that share a key, with the depth at which they do. */
function sectionsOf(entries: readonly Entry[], depth: number): Entry[][] {
  const sections = new Map<string, Entry[]>();
  for (const entry of entries) {
    const key = entry.path[depth] ?? '';
    sections.set(key, [...(sections.get(key) ?? []), entry]);
  }
  return [...sections.values()];
}

/** @param inExample whether all around it is a comment already. */
function sectionLines(section: readonly Entry[], depth: number, inExample = false): string[] {
  const [first] = section;
  if (first === undefined) {
    return [];
  }
  const isExample = section.every(({ example }) => example === true);
  const isLeaf = first.path.length === depth + 1;
  const key = first.path[depth] ?? '';
  const lines = isLeaf
    ? yamlLines({ [key]: first.value })
    : [
        `${key}:`,
        ...sectionsOf(section, depth + 1)
          .flatMap((inner) => sectionLines(inner, depth + 1, isExample))
          .map((line) => `  ${line}`),
      ];
  const why = isLeaf ? first.why.map(comment) : [];
  return [...why, ...(isExample && !inExample ? lines.map(comment) : lines)];
}

function comment(line: string): string {
  return `# ${line}`;
}
