import { describe, expect, test } from '@jest/globals';
import { ImageTree } from '../../../../src/image/convert/layer/apply.ts';
import { toLayerEntry, splitPath, type LayerEntry } from '../../../../src/image/convert/layer/layer-entry.ts';
import { noXattrs, type DirectoryInode } from '../../../../src/formats/squashfs/inode.ts';
import { TarReader } from '../../../../src/formats/tar/reader.ts';
import { inPieces, layerBytes, type EntryBytes } from '../../layer-bytes.ts';

type Layer = readonly EntryBytes[];

async function entriesOf(layer: Layer): Promise<LayerEntry<string>[]> {
  const tar = new TarReader(inPieces(layerBytes(layer)), 'the layer');
  const entries: LayerEntry<string>[] = [];
  for (let entry = await tar.next(); entry !== undefined; entry = await tar.next()) {
    const content = Buffer.alloc(entry.sizeBytes);
    await tar.readContent(content);
    const meaning = toLayerEntry(entry, splitPath(entry.name, 'the layer'), content.toString(), 'the layer');
    if (meaning !== undefined) {
      entries.push(meaning);
    }
  }
  return entries;
}

/** Lists the tree as `d /a`, `f /a/b=content`, `l /c->a`. Inodes with several names have a letter. */
async function flatten(...layers: readonly Layer[]): Promise<string[]> {
  const tree = new ImageTree<string>({ mode: 0o755, uid: 0, gid: 0, mtime: 0, xattrs: noXattrs });
  for (const layer of layers) {
    tree.apply(await entriesOf(layer), 'the layer');
  }
  return [...linesOf(tree.root, '', new Map())];
}

function* linesOf(
  directory: DirectoryInode<string>,
  above: string,
  seen: Map<object, string>,
): Iterable<string> {
  for (const [name, inode] of [...directory.children].sort(([one], [other]) => (one < other ? -1 : 1))) {
    const at = `${above}/${name}`;
    if (inode.kind === 'directory') {
      const { mode, uid } = inode.metadata;
      yield `d ${at} ${mode.toString(8)} ${uid}`;
      yield* linesOf(inode, at, seen);
    } else if (inode.kind === 'file') {
      const first = seen.get(inode);
      seen.set(inode, first ?? at);
      yield first === undefined ? `f ${at}=${inode.content}` : `f ${at} is ${first}`;
    } else {
      yield inode.kind === 'symbolic-link' ? `l ${at}->${inode.target}` : `${inode.kind} ${at}`;
    }
  }
}

const dir = (name: string, mode = 0o755, uid = 0): EntryBytes => ({ name, type: '5', mode, uid });
const file = (name: string, data = ''): EntryBytes => ({ name, data });
const soft = (name: string, link: string): EntryBytes => ({ name, type: '2', link });
const hard = (name: string, link: string): EntryBytes => ({ name, type: '1', link });

describe('paths', () => {
  test('are normalized: no ., no .., never above the root', async () => {
    expect(await flatten([dir('./a/'), file('/a/../../b', '1'), file('./a//./c', '2')])).toEqual([
      'd /a 755 0',
      'f /a/c=2',
      'f /b=1',
    ]);
  });

  test('a ./ entry describes the root', async () => {
    const tree = new ImageTree<string>({ mode: 0, uid: 0, gid: 0, mtime: 0, xattrs: noXattrs });
    tree.apply(await entriesOf([dir('./', 0o700, 5)]), 'the layer');
    expect(tree.root.metadata).toMatchObject({ mode: 0o700, uid: 5 });
    await expect(flatten([file('.', 'x')])).rejects.toThrow(/root directory/);
  });

  test('that no entry describes are directories of root with mode 0755', async () => {
    expect(await flatten([file('a/b/c', '1')])).toEqual(['d /a 755 0', 'd /a/b 755 0', 'f /a/b/c=1']);
  });
});

describe('an entry that replaces another', () => {
  test('changes the attributes of a directory and keeps its contents', async () => {
    expect(await flatten([dir('a'), file('a/b', '1')], [dir('a', 0o1777, 7)])).toEqual([
      'd /a 1777 7',
      'f /a/b=1',
    ]);
  });

  test('removes anything else with everything below it', async () => {
    expect(await flatten([dir('a'), file('a/b', '1')], [file('a', '2')])).toEqual(['f /a=2']);
    expect(await flatten([file('a', '1')], [dir('a'), file('a/b', '2')])).toEqual(['d /a 755 0', 'f /a/b=2']);
  });

  test('wins as the last of two in one layer', async () => {
    expect(await flatten([file('a', '1'), file('a', '2')])).toEqual(['f /a=2']);
  });
});

describe('whiteouts', () => {
  test('hide files of lower layers, at any position in their own', async () => {
    const lower = [dir('a'), file('a/x', '1'), file('a/y', '1')];
    for (const upper of [
      [dir('a'), file('a/.wh.x'), file('a/x', '2')],
      [dir('a'), file('a/x', '2'), file('a/.wh.x')],
    ]) {
      expect(await flatten(lower, upper)).toEqual(['d /a 755 0', 'f /a/x=2', 'f /a/y=1']);
    }
  });

  test('that are opaque keep the files of their own layer', async () => {
    const lower = [dir('a'), file('a/x', '1'), dir('a/s'), file('a/s/z', '1')];
    expect(await flatten(lower, [dir('a'), file('a/new', '2'), file('a/.wh..wh..opq')])).toEqual([
      'd /a 755 0',
      'f /a/new=2',
    ]);
  });

  test('of absent files do nothing, those of AUFS are dropped, and one without a name is an error', async () => {
    expect(await flatten([file('b/.wh.x'), file('.wh..wh.plnk'), dir('.wh..wh.aufs')])).toEqual([]);
    await expect(flatten([file('a/.wh.')])).rejects.toThrow(/whiteout "a\/\.wh\." names nothing/);
  });

  test('can have any file type', async () => {
    expect(await flatten([file('x', '1')], [{ name: '.wh.x', type: '3' }])).toEqual([]);
  });

  test('follow a link of the layers below, not past a directory of their own layer', async () => {
    const lower = [dir('usr'), dir('usr/lib'), file('usr/lib/x', '1'), soft('lib', 'usr/lib')];
    expect(await flatten(lower, [file('lib/.wh.x')])).toEqual([
      'l /lib->usr/lib',
      'd /usr 755 0',
      'd /usr/lib 755 0',
    ]);
    expect(await flatten(lower, [dir('lib'), file('lib/.wh.x')])).toEqual([
      'd /lib 755 0',
      'd /usr 755 0',
      'd /usr/lib 755 0',
      'f /usr/lib/x=1',
    ]);
  });
});

describe('symbolic links', () => {
  test('as parents are resolved inside the tree, whatever their target', async () => {
    const links = [dir('usr'), soft('lib', 'usr/lib'), soft('up', '../../../etc'), soft('abs', '/etc')];
    expect(await flatten(links, [file('lib/x', '1'), file('up/y', '2'), file('abs/z', '3')])).toEqual([
      'l /abs->/etc',
      'd /etc 755 0',
      'f /etc/y=2',
      'f /etc/z=3',
      'l /lib->usr/lib',
      'l /up->../../../etc',
      'd /usr 755 0',
      'd /usr/lib 755 0',
      'f /usr/lib/x=1',
    ]);
  });

  test('are replaced by a directory that a layer describes', async () => {
    expect(await flatten([dir('usr'), soft('lib', 'usr')], [dir('lib'), file('lib/x', '1')])).toEqual([
      'd /lib 755 0',
      'f /lib/x=1',
      'd /usr 755 0',
    ]);
  });

  test('to missing files are resolved lexically', async () => {
    const links = [soft('a', 'nowhere/../b'), soft('c', '/d/e')];
    expect(await flatten(links, [file('a/x', '1'), file('c/y', '2')])).toEqual([
      'l /a->nowhere/../b',
      'd /b 755 0',
      'f /b/x=1',
      'l /c->/d/e',
      'd /d 755 0',
      'd /d/e 755 0',
      'f /d/e/y=2',
    ]);
  });

  test('in a circle are an error', async () => {
    await expect(flatten([soft('a', 'b'), soft('b', 'a'), file('a/x')])).rejects.toThrow(/loop of links/);
  });

  test('that point to a file have no children', async () => {
    await expect(flatten([file('f'), soft('a', 'f'), file('a/x')])).rejects.toThrow(/below a file/);
  });
});

describe('hard links', () => {
  test('refer to the inode of their time, not to its name', async () => {
    expect(await flatten([file('a', '1'), hard('b', 'a')], [file('a', '2')])).toEqual(['f /a=2', 'f /b=1']);
    expect(await flatten([file('a', '1'), hard('b', './a')], [file('.wh.a')])).toEqual(['f /b=1']);
    expect(await flatten([file('a', '1')], [hard('b', '/a'), hard('c', 'b')])).toEqual([
      'f /a=1',
      'f /b is /a',
      'f /c is /a',
    ]);
  });

  test.each([
    ['what is not there', [hard('b', 'a')], /hard link to "\/a", which does not exist/],
    ['a directory', [dir('a'), hard('b', 'a')], /which is a directory/],
    ['what its own layer has hidden', [file('.wh.a'), hard('b', 'a')], /does not exist/],
  ])('to %s are an error', async (_what, layer, message) => {
    await expect(
      flatten([file('a', '1')].slice(layer.length === 2 && layer[0]?.name === '.wh.a' ? 0 : 1), layer),
    ).rejects.toThrow(message);
  });

  test('preserve a file that a later whiteout of their layer hides', async () => {
    const lower = [dir('d'), file('d/a', '1')];
    for (const hidden of ['d/.wh.a', '.wh.d', 'd/.wh..wh..opq']) {
      const flat = await flatten(lower, [hard('b', 'd/a'), file(hidden)]);
      expect(flat.filter((line) => !line.startsWith('d'))).toEqual(['f /b=1']);
      await expect(flatten(lower, [file(hidden), hard('b', 'd/a')])).rejects.toThrow(/does not exist/);
    }
  });

  test('are bound before a directory above them takes the name of their target', async () => {
    const lower = [dir('d'), soft('a', 'd')];
    expect(await flatten(lower, [hard('a/b', 'a'), file('.wh.a')])).toEqual([
      'd /a 755 0',
      'l /a/b->d',
      'd /d 755 0',
    ]);
  });

  test('of AUFS keep the contents of their own directory', async () => {
    const plink = '.wh..wh.plnk/12.34';
    expect(await flatten([file(plink, '1'), hard('a', plink), hard('b', plink)])).toEqual([
      'f /a=1',
      'f /b is /a',
    ]);
  });

  test('can target a symbolic link itself', async () => {
    expect(await flatten([soft('a', 'nowhere'), hard('b', 'a')])).toEqual(['l /a->nowhere', 'l /b->nowhere']);
  });
});

describe('what no file system supports', () => {
  test.each([
    ['the name', 'n'.repeat(256)],
    ['the path', 'long/'.repeat(900)],
  ])('is rejected: %s that is too long', async (what, name) => {
    await expect(flatten([{ name: 'x', pax: { path: name } }])).rejects.toThrow(
      new RegExp(`${what} "${name.slice(0, 9)}.*" has ${name.length} bytes`),
    );
  });

  test('is dropped: xattrs of one machine, and no others', async () => {
    const layer = [{ name: 'x', pax: { 'SCHILY.xattr.security.selinux': 's', 'SCHILY.xattr.user.a': 'b' } }];
    const [entry] = await entriesOf(layer);
    expect(entry).toMatchObject({ inode: { metadata: { xattrs: new Map([['user.a', Buffer.from('b')]]) } } });
  });
});
