import { formatYaml } from '../support/text/yaml.ts';

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
export function formatDocument(head: readonly string[], entries: readonly Entry[]): string {
  const blocks = groupSections(entries, 0).map((section) => formatSection(section, 0).join('\n'));
  return `${[head.map(formatComment).join('\n'), ...blocks].join('\n\n')}\n`;
}

/** Entries that share a key, with the depth at which they do. */
function groupSections(entries: readonly Entry[], depth: number): Entry[][] {
  const sections = new Map<string, Entry[]>();
  for (const entry of entries) {
    const key = entry.path[depth] ?? '';
    sections.set(key, [...(sections.get(key) ?? []), entry]);
  }
  return [...sections.values()];
}

/** @param inExample whether all around it is a comment already. */
function formatSection(section: readonly Entry[], depth: number, inExample = false): string[] {
  const [first] = section;
  if (first === undefined) {
    return [];
  }
  const isExample = section.every(({ example }) => example === true);
  const isLeaf = first.path.length === depth + 1;
  const key = first.path[depth] ?? '';
  const lines = isLeaf
    ? formatYaml({ [key]: first.value })
    : [
        `${key}:`,
        ...groupSections(section, depth + 1)
          .flatMap((inner) => formatSection(inner, depth + 1, isExample))
          .map((line) => `  ${line}`),
      ];
  const why = isLeaf ? first.why.map(formatComment) : [];
  return [...why, ...(isExample && !inExample ? lines.map(formatComment) : lines)];
}

function formatComment(line: string): string {
  return `# ${line}`;
}
