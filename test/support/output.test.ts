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

test('a table is drawn over the last one, cut to what the terminal can show', () => {
  const stdout = terminal({ columns: 6, rows: 4 });
  const { redraw } = createOutput({ stdout, stderr: terminal() });
  redraw?.(['one', 'two']);
  expect(stdout.read()).toBe('\r\u001b[Jone\ntwo\n');
  redraw?.(['longer', '2', '3', '4', '5']);
  expect(stdout.read()).toBe('\u001b[2A\r\u001b[Jlonge\n2\n3\n');
  redraw?.(['']);
  expect(stdout.read()).toBe('\u001b[3A\r\u001b[J\n');
});

test('what is no terminal is not drawn on', () => {
  expect(
    createOutput({ stdout: terminal(), stderr: terminal({ columns: 80, rows: 24 }) }).redraw,
  ).toBeUndefined();
});
