import { expect, test } from '@jest/globals';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { getScriptOutcome } from '../../src/run/record/outcome.ts';
import { packageRoot } from '../../src/support/package/package-root.ts';
import { pages } from './pages.ts';

const page = pages.find(({ name }) => name === 'docs/guides/troubleshooting.md')?.text ?? '';

/** The source code and the scripts, without backticks and escapes. */
const code = globSync(['src/**/*.ts', 'templates/run/*.hbs', 'bin/*.js'], { cwd: packageRoot })
  .map((file) => readFileSync(path.join(packageRoot, file), 'utf8'))
  .join('\n')
  .replaceAll(/\\?`|\\(?=')/g, '');

const unusable = [...code.matchAll(/what: '([^']+)'/g)].map(([, what = '']) => `unusable ${what}`);
const sources = [code, ...unusable].join('\n');

/** The messages in the tables with the heading `message`. */
const messages = [...page.matchAll(/^\| message \|.*\n.*\n((?:\|.*\n)*)/gm)].flatMap(([, rows = '']) =>
  [...rows.matchAll(/^\| `([^`]+)` \|/gm)].map(([, message = '']) => message),
);

test.each(messages)('the message on the page of troubleshooting exists: %s', (message) => {
  const parts = message.split('...').map((part) => part.trim().replace(/^"|"$/g, ''));
  expect(parts.filter((part) => /\w{3}/.test(part) && !sources.includes(part))).toEqual([]);
});

test('the page of troubleshooting has the reasons with which a script ends', () => {
  const scripts = globSync('templates/run/*.hbs', { cwd: packageRoot }).map((file) =>
    readFileSync(path.join(packageRoot, file), 'utf8'),
  );
  const reasons = scripts.flatMap((text) =>
    [...text.matchAll(/\b(?:finish|on_warning) \d+ ([a-z-]+)/g)].map(([, reason = '']) => reason),
  );
  const wanted = reasons.filter(
    (reason) => !['passed', 'served', 'interrupted', 'terminated'].includes(reason),
  );
  const texts = wanted.map((reason) =>
    getScriptOutcome({ exitCode: 1, reason })
      .message.replace(/[,;(].*/, '')
      .trim(),
  );
  expect(wanted.length).toBeGreaterThan(20);
  expect([...new Set(texts)].filter((text) => !page.includes(text))).toEqual([]);
});
