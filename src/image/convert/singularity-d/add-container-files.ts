import type { ImageTree } from '../layer/apply.ts';
import type { LayerEntry } from '../layer/layer-entry.ts';
import { noXattrs, type Metadata } from '../../../formats/squashfs/inode.ts';
import type { FileContent } from '../../../formats/squashfs/file-content.ts';
import type { DataArea } from '../../../formats/squashfs/write/data-area.ts';
import { bindTargets, containerDirectories, containerLinks, type ContainerFile } from './container-files.ts';

/** Adds the files that Apptainer expects, as `apptainer build` does; existing files of the image are preserved. */
export async function addContainerFiles(
  tree: ImageTree<FileContent>,
  files: readonly ContainerFile[],
  mtime: number,
  data: DataArea,
): Promise<void> {
  const metadata = (mode: number): Metadata => ({ mode, uid: 0, gid: 0, mtime, xattrs: noXattrs });
  const directories = containerDirectories.map((path): LayerEntry<FileContent> => ({
    path: path.split('/'),
    change: 'directory',
    metadata: metadata(0o755),
  }));
  const links = Object.entries(containerLinks)
    .filter(([path]) => tree.find([path]) === undefined)
    .map(([path, target]): LayerEntry<FileContent> => ({
      path: [path],
      change: 'leaf',
      inode: { kind: 'symbolic-link', metadata: metadata(0o777), target },
    }));
  const place = 'the image';
  tree.apply(
    directories.filter(({ path }) => tree.find(path) === undefined),
    place,
  );
  const targets = bindTargets
    .filter((path) => tree.find(path.split('/')) === undefined)
    .map((path): ContainerFile => ({ path, mode: 0o644, text: '' }));
  const contents: LayerEntry<FileContent>[] = [];
  for (const { path, mode, text } of [...files, ...targets]) {
    const bytes = Buffer.from(text);
    const content = await data.store(bytes.length, (target) => Promise.resolve(bytes.copy(target) > 0));
    contents.push({
      path: path.split('/'),
      change: 'leaf',
      inode: { kind: 'file', metadata: metadata(mode), content },
    });
  }
  tree.apply([...contents, ...links], place);
  // The owner needs write permission, or Apptainer cannot create its mount points.
  tree.root.metadata = { ...tree.root.metadata, mode: tree.root.metadata.mode | 0o700 };
}
