import { open } from 'node:fs/promises';
import { plainData } from '../../formats/squashfs/layout.ts';
import type { StoredInode } from '../../formats/squashfs/read/inode.ts';
import { entriesOf } from '../../formats/squashfs/read/listing.ts';
import { openSquashfs, type SquashfsImage } from '../../formats/squashfs/read/open.ts';
import { architecturesOf } from './elf.ts';
import { readSifFacts } from '../make/verify.ts';
import { lookInside } from './look-inside.ts';

/** What most images have. */
const usualPrograms = ['/bin/sh', '/bin/bash', '/usr/bin/env'];
/** As Linux, path_resolution(7). */
const maxLinks = 40;
/** The tables of larger images are not read for a warning. */
const maxInodes = 100_000;

export interface ForeignProgram {
  readonly path: string;
  /** Go's name of what it is for. */
  readonly architecture: string;
}

/**
 * Looks whether an image holds programs for the architecture that it names: images are mislabelled, and nothing says so
 * before they are started.
 *
 * @param programs what else to look at, first.
 * @returns the first program that it finds, where that is for another architecture.
 * @throws {InvalidSifError} when the file cannot be read.
 */
export async function findForeignProgram(
  file: string,
  architecture: string,
  programs: readonly string[],
): Promise<ForeignProgram | undefined> {
  const { superblock } = await readSifFacts(file);
  const [part] = (await lookInside(file)).fileSystems;
  if (part === undefined || superblock.inodes > maxInodes) {
    return undefined;
  }
  const handle = await open(file, 'r');
  try {
    const image = await openSquashfs(handle, part, file);
    for (const path of [...programs.filter((one) => one.startsWith('/')), ...usualPrograms]) {
      const found = architecturesOf(await startOf(image, path));
      if (found !== undefined) {
        const [own = ''] = found;
        return found.includes(architecture) ? undefined : { path, architecture: own };
      }
    }
    return undefined;
  } finally {
    await handle.close();
  }
}

/** The first bytes of a file, as many as lie together; none where there is no such file. */
async function startOf(image: SquashfsImage, path: string): Promise<Buffer> {
  const inode = find(image, path);
  if (inode?.kind !== 'file') {
    return Buffer.alloc(0);
  }
  const { start, blocks, fragment } = inode.file;
  if (blocks.count > 0) {
    return readBlock(image, start, blocks.word(0));
  }
  const shared = fragment && image.fragments[fragment.number];
  return shared === undefined
    ? Buffer.alloc(0)
    : (await readBlock(image, shared.position, shared.word)).subarray(fragment?.offset);
}

async function readBlock(
  { area, blocks, superblock }: SquashfsImage,
  position: number,
  word: number,
): Promise<Buffer> {
  const what = `the block at ${position}`;
  const stored = await area.read(position, word & (plainData - 1), what);
  return (word & plainData) !== 0 || stored.length === 0
    ? stored
    : blocks.decode(stored, superblock.blockSizeBytes, what);
}

/** Follows symbolic links inside the image, as a process in it would. */
function find(image: SquashfsImage, path: string): StoredInode | undefined {
  const { inodes, superblock } = image;
  const root = inodes.root(superblock.root);
  let above: StoredInode[] = [root];
  let names = path.split('/');
  for (let links = 0; names.length > 0;) {
    const [name = '', ...rest] = names;
    names = rest;
    const here = above.at(-1) ?? root;
    if (name === '' || name === '.') {
      continue;
    }
    if (name === '..') {
      above = above.length > 1 ? above.slice(0, -1) : above;
      continue;
    }
    const next = here.kind === 'directory' ? childOf(image, here, name) : undefined;
    if (next?.kind !== 'symbolic-link') {
      if (next === undefined) {
        return undefined;
      }
      above = [...above, next];
      continue;
    }
    links += 1;
    if (links > maxLinks) {
      return undefined;
    }
    names = [...next.target.split('/'), ...names];
    above = next.target.startsWith('/') ? [root] : above;
  }
  return above.at(-1);
}

function childOf(
  { area, listings, inodes }: SquashfsImage,
  { directory, number }: StoredInode & { readonly kind: 'directory' },
  wanted: string,
): StoredInode | undefined {
  for (const entry of entriesOf(area, listings, directory, `directory ${number}`)) {
    if (entry.name === wanted) {
      return inodes.inode(entry.number);
    }
  }
  return undefined;
}
