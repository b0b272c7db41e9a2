import { afterEach, expect, test } from '@jest/globals';
import { Thread, type ThreadWork } from '../../../src/support/threads/thread.ts';

let thread: Thread<string, string, number> | undefined;
afterEach(() => {
  thread?.close();
});

const work: ThreadWork<string, string, string, number> = (greeting) => (name, report) => {
  if (name === '') {
    throw Object.assign(new RangeError('nobody is there'), { code: 'ENOBODY' });
  }
  if (name === 'exit') {
    process.exit();
  }
  report(name.length);
  return `${greeting} ${name}`;
};

test('answers in the order of the requests, each preceded by its progress', async () => {
  const asked = (thread = new Thread(work.toString(), 'hello'));
  const reported: string[] = [];
  const names = ['one', 'fourth', 'x'];
  const answers = await Promise.all(
    names.map((name) => asked.request(name, (length) => reported.push(`${name} ${length}`))),
  );
  expect(answers).toEqual(['hello one', 'hello fourth', 'hello x']);
  expect(reported).toEqual(['one 3', 'fourth 6', 'x 1']);
});

test('an error belongs to one request, and keeps its message', async () => {
  thread = new Thread(work.toString(), 'hello');
  const answers = await Promise.allSettled([
    thread.request('one'),
    thread.request(''),
    thread.request('two'),
  ]);
  expect(answers).toMatchObject([
    { value: 'hello one' },
    { reason: { message: 'nobody is there', code: 'ENOBODY' } },
    { value: 'hello two' },
  ]);
});

test.each([
  ['ends', work.toString(), 'the thread has ended'],
  ['cannot begin', '() => { throw new Error("no beginning"); }', 'no beginning'],
])('rejects unanswered and later requests of a thread that %s', async (_what, text, expected) => {
  thread = new Thread(text, 'hello');
  const pending = [thread.request('exit'), thread.request('two')];
  await Promise.all(pending.map((one) => expect(one).rejects.toThrow(expected)));
  await expect(thread.request('three')).rejects.toThrow(expected);
});
