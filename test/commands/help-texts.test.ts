import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { findDiscouragedWords, parseWordRules } from '../../scripts/check-words/rules.ts';
import { packageRoot } from '../../src/support/package/package-root.ts';
import { verbTexts } from './verb-texts.ts';

const wordRules = parseWordRules(
  readFileSync(path.join(packageRoot, 'docs/internals/discouraged-words.txt'), 'utf8'),
);

/** First words of summaries. */
const imperatives =
  /^(?:Add|Build|Check|Convert|Create|Delete|Disconnect|End|Kill|List|Manage|Print|Read|Run|Set|Show|Start|Stop|Submit|Test|Wait|Write)\b/;

/** First words of explanations that are no sentence and no noun phrase. */
const fragments = /^(?:After|All|An?|As|For|From|In|On|The|To|What|When|Where|With|Without)\b|^$/;

/** Returns what is wrong with a text of the help. */
function problemsOf(text: string): string[] {
  return [
    ...(text.length >= 80 ? ['80 characters or more'] : []),
    ...(/^(?!zstd:)[a-z]/.test(text) ? ['starts with a small letter'] : []),
    ...(text.endsWith('.') ? ['ends with a period'] : []),
    ...findDiscouragedWords(text, wordRules).map(({ word }) => `contains "${word}"`),
  ];
}

test('descriptions are short, start with a capital, have no period and use standard words', () => {
  const wrong = verbTexts().flatMap(({ verb, descriptions }) =>
    [...descriptions].flatMap(([name, text]) =>
      problemsOf(text).map((problem) => `${verb} ${name}: ${problem}: ${text}`),
    ),
  );
  expect(wrong).toEqual([]);
});

test('positional arguments and options have descriptions', () => {
  const silent = verbTexts().flatMap(({ verb, descriptions }) =>
    [...descriptions].filter(([, text]) => text === '').map(([name]) => `${verb} ${name}`),
  );
  expect(silent).toEqual([]);
});

test('summaries are imperative, short, have no period and use standard words', () => {
  const wrong = verbTexts().flatMap(({ verb, summary }) =>
    [...problemsOf(summary), ...(imperatives.test(summary) ? [] : ['is not imperative'])].map(
      (problem) => `${verb}: ${problem}: ${summary}`,
    ),
  );
  expect(wrong).toEqual([]);
});

test('examples have short explanations in standard words', () => {
  const wrong = verbTexts().flatMap(({ verb, examples }) =>
    examples.flatMap(([command, text]) =>
      [...problemsOf(text), ...(fragments.test(text) ? ['is a fragment'] : [])].map(
        (problem) => `${verb}: ${command}: ${problem}: ${text}`,
      ),
    ),
  );
  expect(wrong).toEqual([]);
});
