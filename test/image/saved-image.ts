import { hashBytes } from '../../src/support/files/digest.ts';
import { configOf, OciBytes } from './oci-bytes.ts';
import { entryBytes, type EntryBytes } from './layer-bytes.ts';

const end = Buffer.alloc(1024);

/**
 * Writes the output of `docker save` in Docker 20.10: one directory per layer, sorted by ids unrelated to their order;
 * a repeated layer is a link.
 */
export function savedByDocker20(layers: readonly Buffer[], tag: string): Buffer {
  const config = JSON.stringify(configOf(layers));
  const configName = `${hashBytes(config)}.json`;
  const ids = layers.map((_layer, index) => hashBytes(`layer ${index}`));
  const directories = layers.map((layer, index): EntryBytes[] => {
    const id = ids[index] ?? '';
    const first = layers.findIndex((other) => other.equals(layer));
    return [
      { name: `${id}/`, type: '5' },
      { name: `${id}/VERSION`, data: '1.0' },
      { name: `${id}/json`, data: JSON.stringify({ id }) },
      first === index
        ? { name: `${id}/layer.tar`, data: layer }
        : { name: `${id}/layer.tar`, type: '2', link: `../${ids[first] ?? ''}/layer.tar` },
    ];
  });
  const manifest = [{ Config: configName, RepoTags: [tag], Layers: ids.map((id) => `${id}/layer.tar`) }];
  const entries = [
    ...[...directories, [{ name: configName, data: config }]].sort((one, other) =>
      (one[0]?.name ?? '') < (other[0]?.name ?? '') ? -1 : 1,
    ),
    [{ name: 'manifest.json', data: JSON.stringify(manifest) }],
    [{ name: 'repositories', data: '{}' }],
  ];
  return Buffer.concat([...entries.flat().map(entryBytes), end]);
}

/**
 * Writes the output of Docker 25 and later: blobs by digest, with the descriptions last; `store` compresses as
 * containerd does.
 */
export function savedByDocker25(
  layers: readonly Buffer[],
  tag: string,
  store = (layer: Buffer) => layer,
): Buffer {
  const oci = new OciBytes();
  oci.add(oci.layered(layers, { store }), tag);
  const attested = oci.blob({ _type: 'https://in-toto.io/Statement/v0.1' }, 'application/vnd.in-toto+json');
  oci.blob(
    { schemaVersion: 2, config: attested, layers: [attested] },
    'application/vnd.oci.image.manifest.v1+json',
  );
  const file = (digest: string) => `blobs/${digest.replace(':', '/')}`;
  const nameOf = (content: Buffer) => file(`sha256:${hashBytes(content)}`);
  const manifest = [
    {
      Config: nameOf(Buffer.from(JSON.stringify(configOf(layers)))),
      RepoTags: [tag],
      Layers: layers.map((layer) => nameOf(store(layer))),
    },
  ];
  const entries: EntryBytes[] = [
    { name: 'blobs/', type: '5' },
    { name: 'blobs/sha256/', type: '5' },
    ...[...oci.blobs]
      .map(([digest, data]): EntryBytes => ({ name: file(digest), data }))
      .sort((one, other) => (one.name < other.name ? -1 : 1)),
    { name: 'index.json', data: JSON.stringify({ schemaVersion: 2, manifests: oci.manifests }) },
    { name: 'manifest.json', data: JSON.stringify(manifest) },
    { name: 'oci-layout', data: '{"imageLayoutVersion": "1.0.0"}' },
  ];
  return Buffer.concat([...entries.map(entryBytes), end]);
}
