import { expect, test } from '@jest/globals';
import { appendFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { LineFollower } from '../../../src/run/record/follow-file.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

test('emits each line once, when it is complete', async () => {
  const file = path.join(temporaryDirectory(), 'log');
  const lines: string[] = [];
  const follower = new LineFollower(file, (line) => lines.push(line));
  await follower.poll();
  expect(lines).toEqual([]);
  const bytes = Buffer.from('one\ntwo ü\nthree');
  const middleOfCharacter = bytes.indexOf(0xc3) + 1;
  await appendFile(file, bytes.subarray(0, middleOfCharacter));
  await follower.poll();
  expect(lines).toEqual(['one']);
  await appendFile(file, bytes.subarray(middleOfCharacter));
  await follower.poll();
  await follower.poll();
  expect(lines).toEqual(['one', 'two ü']);
  await follower.finish();
  await follower.finish();
  expect(lines).toEqual(['one', 'two ü', 'three']);
});

test('holds back data after null bytes, whose text may still be in transit', async () => {
  const file = path.join(temporaryDirectory(), 'log');
  const lines: string[] = [];
  const follower = new LineFollower(file, (line) => lines.push(line));
  await writeFile(file, 'one\n\0\0\0\0three\n');
  await follower.poll();
  expect(lines).toEqual(['one']);
  await writeFile(file, 'one\ntwo\nthree\n');
  await follower.poll();
  expect(lines).toEqual(['one', 'two', 'three']);
  await appendFile(file, 'a\0b\n');
  await follower.finish();
  expect(lines.at(-1)).toBe('a\0b');
});
