/** One line of discouraged-words.txt, with the exceptions that follow it. */
export interface WordRule {
  readonly pattern: RegExp;
  readonly replacement: string;
  /** Texts that contain the word and are allowed. */
  readonly exceptions: readonly string[];
}

export interface DiscouragedWord {
  readonly line: number;
  readonly word: string;
  readonly replacement: string;
}

/** Parses discouraged-words.txt; its head describes the format. */
export function parseWordRules(text: string): WordRule[] {
  const rules: WordRule[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const [, exception] = /^\s+except (.+)$/.exec(line) ?? [];
    const [, patterns, replacement] = /^(\S.*?) +-> +(.+)$/.exec(line) ?? [];
    const last = rules.at(-1);
    if (line.trim() === '' || line.startsWith('#')) {
      continue;
    }
    if (exception !== undefined && last !== undefined) {
      rules[rules.length - 1] = { ...last, exceptions: [...last.exceptions, exception] };
    } else if (patterns !== undefined && replacement !== undefined) {
      rules.push({ pattern: patternOf(patterns), replacement, exceptions: [] });
    } else {
      throw new Error(`line ${index + 1} is "${line}"; expected "PATTERN -> REPLACEMENT" or "  except TEXT"`);
    }
  }
  return rules;
}

/** Finds the discouraged words of a text, in the order of the text. */
export function findDiscouragedWords(text: string, rules: readonly WordRule[]): DiscouragedWord[] {
  return rules
    .flatMap(({ pattern, replacement, exceptions }) =>
      [...text.matchAll(pattern)]
        .filter((match) => !isException(text, match.index, match[0].length, exceptions))
        .map((match) => ({ index: match.index, word: match[0].replace(gap, ' ').trim(), replacement })),
    )
    .sort((a, b) => a.index - b.index)
    .map(({ index, word, replacement }) => ({ line: lineOf(text, index), word, replacement }));
}

/** White space between two words of a phrase, with the comment signs that a new line starts with. */
const gap = /(?:\s|[*#/>])+/g;

function patternOf(patterns: string): RegExp {
  const sources = patterns.split(' | ').map((pattern) => {
    const [, expression] = /^\/(.+)\/$/.exec(pattern) ?? [];
    return expression ?? wordSource(pattern);
  });
  return new RegExp(sources.join('|'), 'gm');
}

/** Matches `word` in `word`, `WORD`, `aWord`, `wordOf` and `a word`, not in `words` or `sword`. */
function wordSource(phrase: string): string {
  const words = phrase.split(' ').map((word) => word.replace(/[^a-z]/gi, String.raw`\$&`));
  const capital = (words[0] ?? '').replace(/^./, (first) => first.toUpperCase());
  const rest = words.slice(1).map((word) => gap.source + word);
  const upper = words.map((word) => word.toUpperCase()).join(gap.source);
  const forms = [
    `(?<![A-Za-z])(?:${words[0] ?? ''}|${capital})${rest.join('')}(?![a-z])`,
    `(?<=[a-z0-9])${capital}${rest.join('')}(?![a-z])`,
    `(?<![A-Za-z])${upper}(?![A-Za-z])`,
  ];
  return forms.join('|');
}

function isException(text: string, index: number, length: number, exceptions: readonly string[]): boolean {
  return exceptions.some((exception) => {
    const from = Math.max(0, index + length - exception.length);
    const found = text.indexOf(exception, from);
    return found >= 0 && found <= index && found + exception.length >= index + length;
  });
}

function lineOf(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
