import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { packageRoot } from '../../src/support/package/package-root.ts';

/** Steps of a reader of a page, in order. */
export type Step =
  /** A block ```` ```LANGUAGE file=NAME ````: its content is saved. */
  | { readonly kind: 'file'; readonly name: string; readonly text: string }
  /**
   * A block ```` ```sh ````: its lines are run, and the output is compared with the ```` ```output ```` block that
   * follows.
   */
  | { readonly kind: 'run'; readonly lines: string; readonly output: readonly string[] };

/** Parses the steps of a page of docs/; blocks of other languages are ignored. */
export async function stepsOf(page: string): Promise<Step[]> {
  const text = await readFile(path.join(packageRoot, 'docs', page), 'utf8');
  const steps: Step[] = [];
  for (const { groups } of text.matchAll(/^```(?<info>[^\n]*)\n(?<body>[^]*?)^```$/gm)) {
    const { info = '', body = '' } = groups ?? {};
    const [language, name] = info.split(' file=');
    const last = steps.at(-1);
    if (name !== undefined) {
      steps.push({ kind: 'file', name, text: body });
    } else if (language === 'sh') {
      steps.push({ kind: 'run', lines: body, output: [] });
    } else if (language === 'output' && last?.kind === 'run') {
      steps.splice(-1, 1, { ...last, output: body.trimEnd().split('\n') });
    }
  }
  return steps;
}

/** Returns the expected lines that are missing in the output of a step, in order; `...` matches anything. */
export function missingLines(expected: readonly string[], printed: string): string[] {
  const lines = printed.split('\n');
  return expected.filter((line) => {
    const pattern = new RegExp(`^${line.split('...').map(escape).join('.*')}$`);
    const at = lines.findIndex((one) => pattern.test(one));
    lines.splice(0, at + 1);
    return at < 0;
  });
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
