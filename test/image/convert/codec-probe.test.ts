import { describe, expect, test } from '@jest/globals';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { chooseCompression } from '../../../src/image/convert/automatic-compression.ts';
import { checkFile } from '../../../src/image/inspect/check-file.ts';
import { encodeExitProgram } from '../../../src/image/convert/codec-probe/exit-program.ts';
import { writeProbeImage } from '../../../src/image/convert/codec-probe/probe-image.ts';
import { formatCompression, parseCompression } from '../../../src/formats/squashfs/compression.ts';
import { hostPlatform } from '../../../src/image/source/platform.ts';
import { runCommand } from '../../../src/support/processes/command.ts';
import { UsageError } from '../../../src/support/errors.ts';
import { testContext } from '../../support/context.ts';
import { fakeProgram } from '../../support/fake-program.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

/** Creates a host whose Apptainer executes `exec` with its image as `$image`. */
async function host(exec: string, version = '1.4.5', home = temporaryDirectory()) {
  const log = path.join(home, 'log');
  await writeFile(log, '');
  const programs = temporaryDirectory();
  fakeProgram(
    programs,
    'apptainer',
    `[ "$1" = --version ] && echo "apptainer version ${version}" && exit 0
    while [ $# -gt 2 ]; do shift; done; image=$1; basename "$image" >>${log}
    ${exec}`,
  );
  const context = testContext({
    env: { PATH: `${programs}:/usr/bin:/bin`, HOME: home, TMPDIR: temporaryDirectory() },
  });
  return {
    context,
    choose: async (text = 'auto', ofSite?: string) =>
      formatCompression(await chooseCompression(text, ofSite, context)),
    /** Images that it received. */
    tried: async () => (await readFile(log, 'utf8')).split('\n').slice(0, -1),
  };
}

const refusesZstd = 'case $image in *zstd*) echo no zstd here >&2; exit 255;; esac';

describe('auto', () => {
  test('is zstd:3 where Apptainer can start it, which is probed once', async () => {
    const { choose, tried } = await host('exit 0');
    expect([await choose(), await choose()]).toEqual(['zstd:3', 'zstd:3']);
    expect(await tried()).toEqual(['zstd.sif']);
  });

  test('is gzip:6 where Apptainer can start only that, and reports it', async () => {
    const { choose, tried, context } = await host(refusesZstd);
    expect([await choose(), await choose()]).toEqual(['gzip:6', 'gzip:6']);
    expect(await tried()).toEqual(['zstd.sif', 'gzip.sif']);
    const warning = 'gzip:6 instead of zstd:3: apptainer 1.4.5 of this host does not start images of zstd:3';
    expect(context.messages).toEqual([warning, warning]);
  });

  test('is zstd:3 where no image starts, and where Apptainer is missing', async () => {
    const { choose } = await host('exit 255');
    expect(await choose()).toBe('zstd:3');
    const none = testContext({ env: { PATH: '/nowhere', HOME: temporaryDirectory() } });
    expect(formatCompression(await chooseCompression('auto', undefined, none))).toBe('zstd:3');
  });

  test('is probed again for another Apptainer', async () => {
    const home = temporaryDirectory();
    expect(await (await host(refusesZstd, '1.0.0', home)).choose()).toBe('gzip:6');
    expect(await (await host('exit 0', '1.4.5', home)).choose()).toBe('zstd:3');
  });

  test('needs neither a home nor a temporary directory', async () => {
    const { context } = await host(refusesZstd);
    const bare = { ...context, env: { ...context.env, HOME: '/dev/null', TMPDIR: '/dev/null' } };
    expect(formatCompression(await chooseCompression('auto', undefined, bare))).toBe('zstd:3');
    const readOnlyHome = { ...context, env: { ...context.env, HOME: '/dev/null' } };
    expect(formatCompression(await chooseCompression('auto', undefined, readOnlyHome))).toBe('gzip:6');
  });

  test('is the codec of the site, without a probe', async () => {
    const { choose, tried } = await host(refusesZstd);
    expect(await choose('auto', 'zstd:9')).toBe('zstd:9');
    expect(await choose('zstd:1', 'gzip:6')).toBe('zstd:1');
    expect(await tried()).toEqual([]);
    await expect(choose('auto', 'lzma')).rejects.toThrow(UsageError);
  });
});

test('the program in the probe image succeeds on this host', async () => {
  const bytes = encodeExitProgram(hostPlatform().architecture);
  const file = path.join(temporaryDirectory(), 'program');
  await writeFile(file, bytes ?? '#!/bin/sh\n');
  await chmod(file, 0o755);
  expect((await runCommand(file, [])).exitCode).toBe(0);
});

test.each(['zstd:3', 'gzip:6'])('the probe image is valid in %s', async (compression) => {
  const file = path.join(temporaryDirectory(), 'probe.sif');
  const context = testContext();
  expect(await writeProbeImage(file, parseCompression(compression), context.signal)).toBe(true);
  await expect(checkFile(file, context)).resolves.toBeDefined();
});
