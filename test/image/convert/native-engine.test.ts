import { describe, expect, test } from '@jest/globals';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { main } from '../../../src/main.ts';
import { listFiles, type ListedFile } from '../../../src/image/inspect/list-files.ts';
import { readSif } from '../../../src/formats/sif/read.ts';
import { testContext } from '../../support/context.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { tarOf } from '../corpus/tar.ts';
import { encodeExitProgram } from '../../../src/image/convert/codec-probe/exit-program.ts';
import { layerBytes, type EntryBytes } from '../layer-bytes.ts';
import { configOf, hostArchitecture, OciBytes } from '../oci-bytes.ts';

const layer = tarOf([{ name: 'file', type: '0', content: Buffer.from('content') }]);

async function convert(
  oci: OciBytes,
  directory = temporaryDirectory(),
  options: string[] = [],
): Promise<string> {
  await mkdir(directory, { recursive: true });
  await writeFile(path.join(directory, 'image.tar'), oci.tar());
  const context = testContext({ cwd: directory });
  const argv = ['make-sif', 'oci-archive:image.tar', '-o', 'out.sif', ...options];
  expect([await main(argv, context), context.messages]).toEqual([0, expect.anything()]);
  return path.join(directory, 'out.sif');
}

const image = (settings: object = {}, architecture = hostArchitecture) => {
  const oci = new OciBytes();
  const config = { ...configOf([layer]), architecture, config: settings };
  return oci.add(oci.layered([layer], { config }));
};

/** Reads the files in the SIF of an image with one layer. */
async function listed(bytes: Buffer): Promise<ListedFile[]> {
  const oci = new OciBytes();
  const file = await convert(oci.add(oci.layered([bytes])));
  const files: ListedFile[] = [];
  for await (const one of listFiles(file)) {
    files.push(one);
  }
  return files;
}

test.each(['386', 'amd64', 'arm', 'arm64', 'ppc64le', 's390x', 'riscv64'])(
  'an image for %s becomes a SIF marked as such',
  async (architecture) => {
    const file = await convert(image({}, architecture), undefined, ['--platform', `linux/${architecture}`]);
    const { header, descriptors } = await readSif(file);
    expect(header.architecture).toBe(architecture);
    expect(descriptors.flatMap(({ partition }) => partition?.architecture ?? [])).toEqual([architecture]);
  },
);

test.each([
  [0o077, '700', '600'],
  [0o022, '755', '644'],
])('a umask of %o determines who can read SIF and manifest', async (umask, ofSif, ofRecord) => {
  const before = process.umask(umask);
  try {
    const file = await convert(image());
    const modes = await Promise.all([file, `${file}.json`].map(async (name) => (await stat(name)).mode));
    expect(modes.map((mode) => (mode & 0o777).toString(8))).toEqual([ofSif, ofRecord]);
  } finally {
    process.umask(before);
  }
});

test('the image configuration is stored in the SIF unchanged', async () => {
  const settings = {
    User: '5:5',
    Env: ['A=1'],
    Cmd: null,
    Volumes: { '/data': {} },
    Odd: [{ of: 'somebody' }],
  };
  const file = await convert(image(settings));
  const { descriptors } = await readSif(file);
  const { offset, sizeBytes } = descriptors.find(({ name }) => name === 'oci-config.json') ?? {
    offset: 0,
    sizeBytes: 0,
  };
  const text = (await readFile(file)).toString('utf8', offset, offset + sizeBytes);
  expect(JSON.parse(text)).toEqual(settings);
});

/** Returns the warnings about an image with one layer. */
const warned = async (entries: readonly EntryBytes[], config: object = {}) => {
  const directory = temporaryDirectory();
  const bytes = layerBytes(entries);
  const oci = new OciBytes();
  oci.add(oci.layered([bytes], { config: { ...configOf([bytes]), config } }));
  await writeFile(path.join(directory, 'image.tar'), oci.tar());
  const context = testContext({ cwd: directory });
  expect(await main(['make-sif', 'oci-archive:image.tar'], context)).toBe(0);
  return context.messages.filter((line) => line.startsWith('warning: '));
};

describe('an image whose programs contradict its architecture', () => {
  const foreign = hostArchitecture === 'arm64' ? 'amd64' : 'arm64';
  const program = encodeExitProgram(foreign) ?? Buffer.alloc(0);
  const links = [
    { name: 'bin', type: '2', link: 'usr/bin' },
    { name: 'usr/bin/sh', type: '2', link: '/bin/../bin/dash' },
  ];
  const warningsOf = (path: string) => [
    `warning: the image is labeled for ${hostArchitecture}, but its ${path} is for ${foreign} and will not start there`,
  ];

  test.each([
    ['small', program],
    ['of several blocks', Buffer.concat([program, Buffer.alloc(300_000, 'abc')])],
  ])('is converted with a warning: %s', async (_size, data) => {
    expect(await warned([...links, { name: 'usr/bin/dash', data }])).toEqual(warningsOf('/bin/sh'));
    const config = { Entrypoint: ['/opt/server'] };
    expect(await warned([{ name: 'opt/server', data }], config)).toEqual(warningsOf('/opt/server'));
  });

  test('is not assumed without programs, or with matching ones', async () => {
    expect(
      await warned([...links, { name: 'usr/bin/dash', data: encodeExitProgram(hostArchitecture) ?? '' }]),
    ).toEqual([]);
    expect(await warned([...links, { name: 'usr/bin/dash', data: '#!/bin/true' }])).toEqual([]);
    expect(await warned([{ name: 'bin/sh', type: '2', link: 'sh' }])).toEqual([]);
    expect(await warned([{ name: 'file', data: 'x' }])).toEqual([]);
  });
});

describe('a program that only root can execute', () => {
  const program = encodeExitProgram(hostArchitecture) ?? Buffer.alloc(0);
  const at = (name: string, mode: number, more: Partial<EntryBytes> = {}): EntryBytes => ({
    name,
    mode,
    data: program,
    ...more,
  });
  const directory = (name: string, mode: number, uid = 0): EntryBytes => ({ name, type: '5', mode, uid });
  const message = (path: string, denied: string) =>
    `warning: ordinary users cannot start ${path} of the image: ${denied}; Apptainer starts it as the user, Docker as root`;

  test.each<[string, EntryBytes[], object, string[]]>([
    [
      'an entrypoint',
      [at('app', 0o700)],
      { Entrypoint: ['/app'] },
      [message('/app', 'it belongs to root and has mode 0700')],
    ],
    [
      'a command below a closed directory, through a link',
      [directory('root/', 0o700, 7), at('root/app', 0o755), { name: 'app', type: '2', link: 'root/app' }],
      { Cmd: ['/app'] },
      [message('/app', '/root belongs to user 7 and has mode 0700')],
    ],
    [
      'a script that cannot be read',
      [at('app', 0o711, { data: '#!/bin/sh' })],
      { Entrypoint: ['/app'] },
      [message('/app', 'it belongs to root and has mode 0711')],
    ],
    [
      'what sh -c starts',
      [at('bin/sh', 0o755), at('app', 0o750, { uid: 5 })],
      { Cmd: ['/bin/sh', '-c', 'exec /app --all'] },
      [message('/app', 'it belongs to user 5 and has mode 0750')],
    ],
    [
      'a program of the PATH',
      [at('usr/bin/app', 0o744)],
      { Cmd: ['app'], Env: ['PATH=/bin', 'PATH=/nowhere:/usr/bin'] },
      [message('/usr/bin/app', 'it belongs to root and has mode 0744')],
    ],
    [
      'none: another one of the PATH is free',
      [at('bin/app', 0o700), at('usr/bin/app', 0o755)],
      { Cmd: ['app'], Env: ['PATH=/bin:/usr/bin'] },
      [],
    ],
    ['none: nobody can start it', [at('app', 0o644)], { Entrypoint: ['/app'] }, []],
    ['none: it is not there', [at('app', 0o755)], { Entrypoint: ['/other', ''], Cmd: ['app'] }, []],
  ])('is reported: %s', async (_what, entries, config, warnings) => {
    expect(await warned(entries, config)).toEqual(warnings);
  });
});

test('names of ENV that no shell accepts are reported in one warning', async () => {
  expect(await warned([{ name: 'x' }], { Env: ['a.b=1', 'A=1', '1x=1', 'a.b=2'] })).toEqual([
    `warning: no shell accepts these names of the image's ENV, which are not set: "a.b", "1x"`,
  ]);
});

test('xattrs that squashfs cannot store are dropped with a warning, and the others kept', async () => {
  const acl = { 'SCHILY.xattr.system.posix_acl_access': 'a\u0000b', 'SCHILY.xattr.user.note': 'kept' };
  const bytes = layerBytes([
    { name: 'var/log', type: '5', mode: 0o755, pax: acl },
    { name: 'file', data: 'x', pax: acl },
    { name: 'x\u001b[2J', data: 'x', pax: { 'SCHILY.xattr.com.apple.note': 'x' } },
  ]);
  const directory = temporaryDirectory();
  const oci = new OciBytes();
  await writeFile(path.join(directory, 'image.tar'), oci.add(oci.layered([bytes])).tar());
  const context = testContext({ cwd: directory });
  expect(await main(['make-sif', 'oci-archive:image.tar', '-o', 'out.sif'], context)).toBe(0);
  expect(context.messages.filter((line) => line.startsWith('warning: '))).toEqual([
    'warning: squashfs cannot store system.posix_acl_access, com.apple.note: omitted from "/var/log" and 2 more',
  ]);
  const listing = testContext({ cwd: directory });
  expect(await main(['sif', 'list', '--tree', '--json', 'out.sif'], listing)).toBe(0);
  expect(JSON.stringify(listing.results)).toContain('user.note');
  expect(JSON.stringify(listing.results)).not.toContain('posix_acl');
});

test('files of an image under the names of compatibility links and bind targets are preserved', async () => {
  const own: EntryBytes[] = [
    { name: 'environment/setup.sh', data: 'x' },
    { name: 'singularity', data: 'a program' },
    { name: '.run', type: '2', link: 'nowhere' },
    { name: 'etc/hosts', data: '127.0.0.1 localhost', mode: 0o600 },
  ];
  const listing = await listed(layerBytes(own));
  expect(listing.filter(({ path }) => /^\/(environment|singularity|\.run|\.exec|etc\/)/.test(path))).toEqual([
    expect.objectContaining({ path: '/.exec', target: '.singularity.d/actions/exec' }),
    expect.objectContaining({ path: '/.run', target: 'nowhere' }),
    expect.objectContaining({ path: '/environment', kind: 'directory' }),
    expect.objectContaining({ path: '/environment/setup.sh', kind: 'file' }),
    expect.objectContaining({ path: '/etc/hosts', mode: 0o600, sizeBytes: 19 }),
    expect.objectContaining({ path: '/etc/resolv.conf', mode: 0o644, sizeBytes: 0 }),
    expect.objectContaining({ path: '/singularity', kind: 'file', sizeBytes: 9 }),
  ]);
});

test('the same image gives the same bytes in another directory', async () => {
  const [one, other] = await Promise.all(
    ['one', 'another/directory'].map(async (name) =>
      readFile(await convert(image(), path.join(temporaryDirectory(), name))),
    ),
  );
  expect(one).toEqual(other);
  expect(one?.includes('one/image')).toBe(false);
});
