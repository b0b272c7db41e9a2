import { createHash } from 'node:crypto';

/** Returns a ustar entry, encoded without the code under test. */
export function tarEntry(name: string, data: string | Buffer, type = '0', claimedBytes?: number): Buffer {
  const content = Buffer.from(data);
  const header = Buffer.alloc(512);
  header.write(name, 0, 100);
  header.write('0000644\0', 100);
  header.write(`${(claimedBytes ?? content.length).toString(8).padStart(11, '0')}\0`, 124);
  header.write('        ', 148);
  header.write(type, 156);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

export const tarEnd = Buffer.alloc(1024);

export interface SavedImage {
  tags?: string[];
  layer?: string;
  architecture?: string;
}

/** Returns the output of `docker save` in Docker 20.10, for images of one small layer. */
export function dockerSave(images: readonly SavedImage[] = [{}]): Buffer {
  const manifest = images.map(({ tags }, index) => ({
    Config: `${index}.json`,
    RepoTags: tags ?? ['lab/image:1'],
    Layers: [`${index}/layer.tar`],
  }));
  const entries = images.flatMap(({ layer = 'bytes', architecture = 'amd64' }, index) => [
    tarEntry(
      `${index}.json`,
      JSON.stringify({
        architecture,
        os: 'linux',
        config: { Cmd: ['true'] },
        rootfs: { type: 'layers', diff_ids: [`sha256:${createHash('sha256').update(layer).digest('hex')}`] },
      }),
    ),
    tarEntry(`${index}/`, '', '5'),
    tarEntry(`${index}/layer.tar`, layer),
  ]);
  return Buffer.concat([...entries, tarEntry('manifest.json', JSON.stringify(manifest)), tarEnd]);
}
