import { noise } from '../noise.ts';
import type { TarItem } from './tar.ts';

const kib = 1024;
const mib = 1024 * kib;
const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex');

const described = { mode: 0o755, mtime: 1_700_000_000, numbers: 'pax', longNames: 'pax' } as const;
const file = (name: string, content: Buffer | string, more: Partial<TarItem> = {}): TarItem => ({
  ...described,
  ...{ name, type: '0', mode: 0o644, content: Buffer.from(content), ...more },
});
const directory = (name: string, more: Partial<TarItem> = {}): TarItem => ({
  ...described,
  ...{ name, type: '5', ...more },
});
const special = (name: string, type: string, more: Partial<TarItem> = {}): TarItem => ({
  ...described,
  ...{ name, type, mode: 0o600, ...more },
});
const link = (name: string, target: string, more: Partial<TarItem> = {}): TarItem =>
  special(name, '2', { link: target, ...more });

const text = Buffer.alloc(3 * mib, 'words that compress well, ');
const mixed = Buffer.concat([noise(700 * kib), text.subarray(0, 700 * kib), noise(5, 7)]);

/** Lengths around the edges of every block size. */
const lengths = [1, 4095, 4096, 4097, 128 * kib - 1, 128 * kib, 128 * kib + 1, mib, mib + 1];

const zeros = (bytes: number) => Buffer.alloc(bytes);

/**
 * One object of each kind that a file system supports, up to its limits. Every object has an entry, and none is hidden.
 */
export const oneOfEach: readonly TarItem[] = [
  directory('./', { mode: 0o1777, mtime: 1_600_000_000 }),

  directory('files'),
  file('files/empty', ''),
  ...lengths.map((length) => file(`files/text-of-${length}`, text.subarray(0, length))),
  ...lengths.map((length) => file(`files/noise-of-${length}`, noise(length, length))),
  file('files/mixed', mixed),
  file('files/the-same', mixed),
  file('files/the-same-tail', mixed.subarray(0, mixed.length - 1)),

  directory('holes'),
  file('holes/all', zeros(5 * mib), { sparse: '1.0' }),
  file('holes/all-but-the-end', Buffer.concat([zeros(5 * mib), Buffer.from('end')]), { sparse: '0.1' }),
  file('holes/between', Buffer.concat([text.subarray(0, mib), zeros(2 * mib), noise(mib), zeros(mib)]), {
    sparse: 'gnu',
  }),
  file('holes/not-sparse', Buffer.concat([noise(10), zeros(mib), noise(10)])),

  directory('names'),
  file(`names/${'n'.repeat(255)}`, 'long'),
  file('names/caf\xe9', 'not UTF-8'),
  file('names/new\nline', 'of two lines'),
  file('names/ ', 'a space'),
  directory('names/empty-directory'),
  ...Array.from({ length: 100 }, (_none, depth) => directory(`names${'/deep'.repeat(depth + 1)}`)),
  // There are so many entries that the kernel uses an index.
  directory('names/many'),
  ...Array.from({ length: 1000 }, (_none, at) => file(`names/many/file-${at}-${'x'.repeat(40)}`, `${at}`)),

  directory('modes'),
  ...[0, 0o200, 0o4755, 0o2711, 0o6755, 0o1644, 0o7777].map((mode) =>
    file(`modes/file-${mode}`, 'x', { mode }),
  ),
  ...[0, 0o2775, 0o1777].map((mode) => directory(`modes/directory-${mode}`, { mode })),

  directory('times'),
  ...[0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1].map((mtime) => file(`times/${mtime}`, 'x', { mtime })),

  directory('owners'),
  file('owners/of-nobody', 'x', { uid: 65_534, gid: 65_534 }),
  file('owners/last', 'x', { uid: 2 ** 32 - 2, gid: 2 ** 32 - 2 }),
  ...Array.from({ length: 1200 }, (_none, at) =>
    special(`owners/${at}`, '6', { uid: 100_000 + at, gid: 300_000 + at }),
  ),

  directory('links'),
  link('links/short', 'x'),
  link('links/to-nowhere', '/no/where'),
  link('links/long', 't/'.repeat(2000)),
  link('links/caf\xe9', 'caf\xe9'),
  file('links/first', 'of three names'),
  special('links/second', '1', { link: 'links/first' }),
  special('names/third', '1', { link: 'links/first' }),
  special('links/pipe', '6'),
  special('links/same-pipe', '1', { link: 'links/pipe' }),

  directory('devices'),
  special('devices/null', '3', { major: 1, minor: 3 }),
  special('devices/last-character', '3', { major: 4095, minor: 1_048_575 }),
  special('devices/last-block', '4', { major: 4095, minor: 1_048_575 }),
  special('devices/minor-of-many-bits', '4', { major: 259, minor: 70_000 }),
  special('devices/pipe', '6', { mode: 0o622 }),

  // squashfuse 0.5 confuses `user.x` with `trusted.x` where a file has both.
  directory('xattrs', { xattrs: { 'user.one': Buffer.from('1'), 'trusted.two': Buffer.from('2') } }),
  file('xattrs/capable', 'x', { xattrs: { 'security.capability': capability } }),
  file('xattrs/both', 'x', { xattrs: { 'user.one': Buffer.alloc(0), 'trusted.two': Buffer.from('\0=\n') } }),
  file('xattrs/the-same-set', 'y', {
    xattrs: { 'user.one': Buffer.alloc(0), 'trusted.two': Buffer.from('\0=\n') },
  }),
  file('xattrs/large', 'x', { xattrs: { 'user.large': noise(60_000) } }),
  link('xattrs/link', 'capable', { xattrs: { 'trusted.link': Buffer.from('l') } }),
  special('xattrs/device', '3', { major: 1, minor: 5, xattrs: { 'trusted.device': Buffer.from('d') } }),
];
