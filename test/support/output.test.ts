import { expect, test } from '@jest/globals';
import { PassThrough } from 'node:stream';
import { createOutput } from '../../src/support/output.ts';

interface Size {
  columns: number;
  rows: number;
}

function terminal(size?: Size): PassThrough {
  const stream = new PassThrough({ encoding: 'utf8' });
  return size === undefined ? stream : Object.assign(stream, { isTTY: true, ...size });
}

test('redraws a table in place, cut to the size of the terminal', () => {
  const stdout = terminal({ columns: 6, rows: 4 });
  const { redraw } = createOutput({ stdout, stderr: terminal() });
  redraw?.(['one', 'two']);
  expect(stdout.read()).toBe('\r\u001b[Jone\ntwo\n');
  redraw?.(['longer', '2', '3', '4', '5']);
  expect(stdout.read()).toBe('\u001b[2A\r\u001b[Jlonge\n2\n3\n');
  redraw?.(['']);
  expect(stdout.read()).toBe('\u001b[3A\r\u001b[J\n');
});

test('does not redraw where there is no terminal', () => {
  expect(
    createOutput({ stdout: terminal(), stderr: terminal({ columns: 80, rows: 24 }) }).redraw,
  ).toBeUndefined();
});

const hostile: readonly [string, string, string][] = [
  ['a title of the window', '\u001b]0;owned\u0007', '\\x1b]0;owned\\x07'],
  ['a clipboard', '\u001b]52;c;cm0gLXJm\u001b\\', '\\x1b]52;c;cm0gLXJm\\x1b\\'],
  ['a cleared screen', '\u001b[2J\u001b[H', '\\x1b[2J\\x1b[H'],
  ['C1 controls', '\u009b31m\u009d0;x\u009c', '\\x9b31m\\x9d0;x\\x9c'],
  ['a line written over', 'FAIL\rPASS', 'FAIL\\rPASS'],
  ['backspaces', 'no\b\byes\u007f', 'no\\x08\\x08yes\\x7f'],
  ['a changed direction', 'a\u202eb\u2066c\u200fd', 'a\\u{202e}b\\u{2066}c\\u{200f}d'],
  ['what has no width', 'a\u200bb\u2060', 'a\\u{200b}b\\u{2060}'],
  ['separators of lines', 'a\u2028b\u0085c', 'a\\u{2028}b\\x85c'],
  ['a bell and a null byte', '\u0007\0', '\\x07\\0'],
  ['text, tabs and line feeds', 'Größe\t日本\n  fix: x\r\n', 'Größe\t日本\n  fix: x\n'],
];

test.each(hostile)('%s does not reach a terminal', (_, text, shown) => {
  const stdout = terminal({ columns: 200, rows: 24 });
  const stderr = terminal({ columns: 200, rows: 24 });
  const output = createOutput({ stdout, stderr });
  output.result(text);
  expect(stdout.read()).toBe(`${shown}\n`);
  output.info(text);
  output.warn(text);
  expect(stderr.read()).toBe(`${shown}\nwarning: ${shown}\n`);
  output.status(text);
  expect(stderr.read()).toBe(`\r\u001b[K${shown}`);
  output.redraw?.([text]);
  expect(stdout.read()).toBe(`\r\u001b[J${shown}\n`);
});

test.each(hostile)('results in a pipe are unchanged and messages are escaped: %s', (_, text, shown) => {
  const stdout = terminal();
  const stderr = terminal();
  const output = createOutput({ stdout, stderr });
  output.result(text);
  expect(stdout.read()).toBe(`${text}\n`);
  output.info(text);
  expect(stderr.read()).toBe(`${shown}\n`);
  output.json({ text });
  const document = String(stdout.read());
  expect(JSON.parse(document)).toEqual({ text });
  expect(document.slice(0, -1)).not.toMatch(/[^\P{C}\n]|[\u2028\u2029]/u);
});

test('many lines wait for a slow reader, and end with a reader that goes away', async () => {
  const stdout = terminal();
  const output = createOutput({ stdout, stderr: terminal() });
  let isReady = false;
  const written = output.results(['x'.repeat(100_000), 'y']).then(() => (isReady = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect(isReady).toBe(false);
  expect(stdout.read()).toBe(`${'x'.repeat(100_000)}\ny\n`);
  await written;
  const unread = output.results(['z'.repeat(100_000)]);
  stdout.destroy();
  await unread;
});
