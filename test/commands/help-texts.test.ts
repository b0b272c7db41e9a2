import { expect, test } from '@jest/globals';
import { verbTexts } from './verb-texts.ts';

const discouraged = /\b(say|tell|told|made anew|looks?|comes? along|asks?|kept|whoever)\b/i;

test('descriptions are short, start with a capital, have no period and use standard words', () => {
  const wrong = verbTexts().flatMap(({ verb, descriptions }) =>
    [...descriptions]
      .filter(([, text]) => text !== '')
      .filter(
        ([, text]) =>
          text.length >= 80 || /^(?!zstd:)[a-z]/.test(text) || text.endsWith('.') || discouraged.test(text),
      )
      .map(([name, text]) => `${verb} ${name}: ${text}`),
  );
  expect(wrong).toEqual([]);
});
