import { open } from 'node:fs/promises';
import path from 'node:path';
import { listFiles, type ListedFile } from '../../../src/image/inspect/list-files.ts';
import type { Compression } from '../../../src/formats/squashfs/compression.ts';
import {
  createDirectory,
  noXattrs,
  type DirectoryInode,
  type LeafInode,
  type Metadata,
} from '../../../src/formats/squashfs/inode.ts';
import type { FileContent } from '../../../src/formats/squashfs/file-content.ts';
import { SquashfsWriter } from '../../../src/formats/squashfs/write/squashfs-writer.ts';
import { FileThreads } from '../../../src/support/threads/file-threads.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { noise } from '../../image/noise.ts';

type Tree = DirectoryInode<FileContent>;
type Leaf = LeafInode<FileContent>;

export function metadata(more: Partial<Metadata> = {}): Metadata {
  return { mode: 0o755, uid: 0, gid: 0, mtime: 1_700_000_000, xattrs: noXattrs, ...more };
}

export function directory(entries: Record<string, Tree | Leaf> = {}, more: Partial<Metadata> = {}): Tree {
  const made = createDirectory<FileContent>(metadata(more));
  for (const [name, inode] of Object.entries(entries)) {
    made.children.set(name, inode);
  }
  return made;
}

export function fifo(more: Partial<Metadata> = {}): Leaf {
  return { kind: 'fifo', metadata: metadata(more) };
}

/** Storage of contents for {@link writtenImage}. */
export interface Contents {
  readonly file: (data: Buffer, more?: Partial<Metadata>) => Promise<Leaf>;
  /** Stores a hole, followed by text. */
  readonly sparse: (holeBytes: number, end: string) => Promise<Leaf>;
}

export interface ImageOptions {
  readonly compression?: Compression;
  readonly blockBytes?: number;
  readonly threads?: number;
  /** Position of the squashfs in the file. */
  readonly base?: number;
}

/** Writes a squashfs by our writer into its own file. */
export async function writtenImage(
  tree: (contents: Contents) => Promise<Tree> | Tree,
  { compression = { codec: 'gzip', level: 6 }, blockBytes = 4096, threads = 2, base = 0 }: ImageOptions = {},
): Promise<string> {
  const name = path.join(temporaryDirectory(), 'image.sqfs');
  const file = await open(name, 'wx+');
  const fileThreads = new FileThreads(1, new AbortController().signal);
  const writer = new SquashfsWriter(file, base, { compression, blockBytes, threads }, fileThreads);
  try {
    const root = await tree({
      file: async (data, more = {}) => {
        let at = 0;
        const read = (target: Buffer) => {
          at += data.copy(target, 0, at);
          return Promise.resolve(true);
        };
        return {
          kind: 'file',
          metadata: metadata(more),
          content: await writer.data.store(data.length, read),
        };
      },
      sparse: async (holeBytes, end) => {
        let at = 0;
        const read = (target: Buffer) => {
          const from = at;
          at += target.length;
          if (at <= holeBytes) {
            return Promise.resolve(false);
          }
          target.fill(0);
          target.write(end, Math.max(0, holeBytes - from));
          return Promise.resolve(true);
        };
        const content = await writer.data.store(holeBytes + end.length, read);
        return { kind: 'file', metadata: metadata(), content };
      },
    });
    const layer = await writer.endLayer();
    // The file ends like a SIF: nothing follows the compacted blocks.
    await file.truncate(base + (await writer.finish(root, [layer], 1_700_000_000)));
  } finally {
    writer.close();
    fileThreads.close();
    await file.close();
  }
  return name;
}

export async function filesOf(file: string): Promise<ListedFile[]> {
  const files: ListedFile[] = [];
  for await (const one of listFiles(file)) {
    files.push(one);
  }
  return files;
}

const shared = new Map([
  ['user.shared', Buffer.from(Array.from({ length: 200 }, (_none, at) => at).join(' '))],
  ['trusted.t', Buffer.from('1')],
]);

export const noiseBytes = 30;

/** Returns a sample of everything that a file system can contain. */
export async function everything({ file, sparse }: Contents): Promise<Tree> {
  const linked = await file(Buffer.from('linked'), { uid: 4242, gid: 200_000 });
  // One block compresses, and the last one does not.
  const blocks = Buffer.concat([Buffer.alloc(8192, 'words '), noise(noiseBytes)]);
  return directory({
    'a-directory': directory({ below: directory({}, { mode: 0o1777 }), linked }),
    'a-link': { kind: 'symbolic-link', target: 'a-directory/linked', metadata: metadata({ mode: 0o777 }) },
    blocks: await file(blocks, { xattrs: shared }),
    'character-device': { kind: 'character-device', major: 1, minor: 3, metadata: metadata({ mode: 0o666 }) },
    disk: { kind: 'block-device', major: 259, minor: 70_000, metadata: metadata({ xattrs: shared }) },
    empty: await file(Buffer.alloc(0)),
    hole: await sparse(20_000, 'end'),
    linked: linked,
    pipe: fifo({ mode: 0o622, xattrs: new Map([['security.capability', Buffer.alloc(20, 7)]]) }),
    same: await file(blocks),
    text: await file(Buffer.from('words '.repeat(900)), { mode: 0o4711, gid: 100 }),
  });
}
