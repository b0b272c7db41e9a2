import { formatYaml } from '../support/text/yaml.ts';

/** Value to be written. */
export interface Entry {
  /** Key path of the value. */
  readonly path: readonly string[];
  readonly value: unknown;
  /** Reasons for the value, one per line. */
  readonly why: readonly string[];
  /** True for an example, which is written as a comment. */
  readonly example?: boolean;
}

/**
 * Formats entries as a YAML text in their order, each below its comment. Examples are comments themselves,
 * and so is a key that contains only examples.
 */
export function formatDocument(head: readonly string[], entries: readonly Entry[]): string {
  const blocks = groupSections(entries, 0).map((section) => formatSection(section, 0).join('\n'));
  return `${[head.map(formatComment).join('\n'), ...blocks].join('\n\n')}\n`;
}

/** Groups entries that share a key at a depth. */
function groupSections(entries: readonly Entry[], depth: number): Entry[][] {
  const sections = new Map<string, Entry[]>();
  for (const entry of entries) {
    const key = entry.path[depth] ?? '';
    sections.set(key, [...(sections.get(key) ?? []), entry]);
  }
  return [...sections.values()];
}

/**
 * Formats a section.
 *
 * @param inExample true when the section is part of a comment
 */
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
