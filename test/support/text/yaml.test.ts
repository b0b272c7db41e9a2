import { expect, test } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { main } from '../../../src/main.ts';
import { testContext } from '../context.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const levels = Array.from({ length: 12 }, (_, level) =>
  level === 0
    ? 'a0: &a0 [x, x, x, x, x, x, x, x, x]'
    : `a${level}: &a${level} [${`*a${level - 1}, `.repeat(9)}]`,
);

/** Texts that are not valid settings of a project, a site profile or a workload. */
const texts: readonly [string, string, RegExp][] = [
  ['aliases that multiply', levels.join('\n'), /aliases \(\*name\) expand to far more/],
  ['an alias of nothing', 'site: *nowhere\n', /aliases .* or are undefined/],
  ['deep nesting', `site: ${'['.repeat(50_000)}`, /nested too deeply/],
  ['deep maps', Array.from({ length: 3_000 }, (_, level) => `${' '.repeat(level)}a:`).join('\n'), /./],
  ['a null byte', 'image: { file: "a\\0b" }\n', /image\.file: it contains a null byte/],
  ['bytes that are no UTF-8', 'site: "\udcff"\n', /no site profile/],
  ['a huge number', 'slurm: { cpus: 1e400 }\n', /slurm\.cpus/],
  ['a key of an object', '__proto__: { site: x }\n', /unknown key|unusable/],
  ['a merge key', '<<: { site: generic }\n', /./],
];

test.each(texts)('a configuration with %s ends with exit code 2 at most', async (_, text, message) => {
  const cwd = temporaryDirectory();
  await writeFile(path.join(cwd, 'hpc-gat.yaml'), text);
  const context = testContext({ cwd });
  const exitCode = await main(['config', 'show'], context);
  expect({ exitCode, messages: context.messages }).toMatchObject({ exitCode: expect.any(Number) });
  expect([0, 2]).toContain(exitCode);
  expect(exitCode === 0 ? 'none' : context.messages.join('\n')).toMatch(exitCode === 0 ? /none/ : message);
});

test.each(texts)('a workload with %s ends with exit code 2', async (_, text) => {
  const cwd = temporaryDirectory();
  await writeFile(path.join(cwd, 'w.yaml'), text);
  const context = testContext({ cwd });
  expect(await main(['test', '--url', '127.0.0.1:1', '--workload', 'w.yaml'], context)).toBe(2);
});

test('an endless configuration is not read to its end', async () => {
  const context = testContext({ cwd: temporaryDirectory() });
  expect(await main(['config', 'show', '--config', '/dev/zero'], context)).toBe(2);
  expect(context.messages.join('\n')).toMatch(/\/dev\/zero is larger than 64 MiB/);
});

test.each([
  ['hpc-gat.yaml', ['config', 'show']],
  ['hpc-gat.yaml', ['config', 'show', '--config', 'hpc-gat.yaml']],
  ['site.yaml', ['config', 'show', '--site', './site.yaml']],
  ['w.yaml', ['test', '--url', '127.0.0.1:1', '--workload', 'w.yaml']],
])('%s with a byte that is not UTF-8 is rejected by %j, with the position', async (name, argv) => {
  const cwd = temporaryDirectory();
  await writeFile(path.join(cwd, name), Buffer.from('# one\nmodel: { name: caf\xe9 }\n', 'latin1'));
  const context = testContext({ cwd });
  expect(await main(argv, context)).toBe(2);
  expect(context.messages.join('\n')).toMatch(
    new RegExp(`${name} is not UTF-8: byte 0xe9 at offset 24, in line 2\n  fix: save it as UTF-8`),
  );
});
