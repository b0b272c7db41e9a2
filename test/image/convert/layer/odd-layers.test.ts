import { expect, test } from '@jest/globals';
import { ImageTree } from '../../../../src/image/convert/layer/apply.ts';
import {
  toLayerEntry,
  isWhiteout,
  splitPath,
  type LayerEntry,
} from '../../../../src/image/convert/layer/layer-entry.ts';
import { noXattrs, type Inode } from '../../../../src/formats/squashfs/inode.ts';
import { TarReader } from '../../../../src/formats/tar/reader.ts';
import { hashBytes } from '../../../../src/support/files/digest.ts';
import { oddLayers } from '../../corpus/generate.ts';
import { hexOf, treeOf, treeOfModel, type Tree } from '../../corpus/facts.ts';
import { Model } from '../../corpus/model.ts';
import { tarOf } from '../../corpus/tar.ts';
import { inPieces } from '../../layer-bytes.ts';

/** HPC_GAT_SEEDS=3000 runs more seeds, HPC_GAT_FIRST_SEED=1000 others. */
const count = Number(process.env.HPC_GAT_SEEDS ?? 40);
const firstSeed = Number(process.env.HPC_GAT_FIRST_SEED ?? 1);

async function entriesOf(bytes: Buffer): Promise<LayerEntry<Buffer>[]> {
  const tar = new TarReader(inPieces(bytes, 10_007), 'the layer');
  const entries: LayerEntry<Buffer>[] = [];
  for (let entry = await tar.next(); entry !== undefined; entry = await tar.next()) {
    const path = splitPath(entry.name, 'the layer');
    const content = entry.kind === 'file' && !isWhiteout(path) ? Buffer.alloc(entry.sizeBytes) : undefined;
    if (content !== undefined) {
      await tar.readContent(content);
    }
    const meaning = toLayerEntry(entry, path, content, 'the layer');
    if (meaning !== undefined) {
      entries.push(meaning);
    }
  }
  return entries;
}

function found(tree: ImageTree<Buffer>): Tree {
  const inodes = new Map<string, Inode<Buffer>>();
  const list = (inode: Inode<Buffer>, path: string) => {
    inodes.set(path, inode);
    if (inode.kind === 'directory') {
      inode.children.forEach((child, name) => {
        list(child, `${path}/${name}`);
      });
    }
  };
  list(tree.root, '');
  return treeOf(inodes, (inode) => {
    const { mode, uid, gid, mtime, xattrs } = inode.metadata;
    return { kind: inode.kind, mode, uid, gid, mtime, xattrs: hexOf(xattrs), detail: detailOf(inode) };
  });
}

function detailOf(inode: Inode<Buffer>): string {
  switch (inode.kind) {
    case 'file':
      return hashBytes(inode.content);
    case 'symbolic-link':
      return inode.target;
    case 'character-device':
    case 'block-device':
      return `${inode.major}:${inode.minor}`;
    default:
      return '';
  }
}

/** Accepts any time of a directory without an entry, which the rules leave to the code. */
function withFreeTimes(tree: Tree): Map<string, unknown> {
  return new Map(
    [...tree].map(([path, facts]) => [
      path,
      Number.isNaN(facts.mtime) ? { ...facts, mtime: expect.any(Number) } : facts,
    ]),
  );
}

test(
  `${count} odd images follow the layer rules, path by path`,
  async () => {
    for (let seed = firstSeed; seed < firstSeed + count; seed += 1) {
      const layers = oddLayers(seed);
      const model = new Model();
      const tree = new ImageTree<Buffer>({ mode: 0o755, uid: 0, gid: 0, mtime: 0, xattrs: noXattrs });
      try {
        for (const layer of layers) {
          model.apply(layer);
          tree.apply(await entriesOf(tarOf(layer)), 'the layer');
        }
        expect(found(tree)).toEqual(withFreeTimes(treeOfModel(model)));
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
  },
  30_000 + 500 * count,
);
