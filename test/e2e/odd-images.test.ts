import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { packageRoot } from '../../src/support/package/package-root.ts';
import { differences } from '../image/corpus/differences.ts';
import { treeOfModel, type Facts, type Tree } from '../image/corpus/facts.ts';
import { oddLayers } from '../image/corpus/generate.ts';
import { Model } from '../image/corpus/model.ts';
import { tarOf, type TarItem } from '../image/corpus/tar.ts';
import { OciBytes } from '../image/oci-bytes.ts';
import { tarEntry } from '../image/tar-bytes.ts';
import { describeInLab, labExec } from '../support/lab.ts';

/** HPC_GAT_SEEDS=300 tries more, HPC_GAT_FIRST_SEED=1000 others. */
const count = Number(process.env.HPC_GAT_SEEDS ?? 3);
const seeds = Array.from({ length: count }, (_none, at) => at + Number(process.env.HPC_GAT_FIRST_SEED ?? 1));
const directory = '/scratch/odd-images';
const longMs = 60_000 + 10_000 * count;

async function inDirectory(line: string, user: 'alice' | 'root', input?: Uint8Array): Promise<string> {
  const { exitCode, stdout, stderr } = await labExec('workstation', ['bash', '-ec', line], {
    user,
    cwd: directory,
    timeoutMs: longMs,
    ...(input && { input }),
  });
  expect({ line, exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ line, exitCode: 0, stderr: '' });
  return stdout;
}

const umoci = (image: string) => `umoci raw unpack --image ${image} theirs`;

/** Unpacks an image by a command as root into `theirs`, and the SIF that alice creates from it by unsquashfs. */
async function bothTrees(
  unpack: string,
  source: string,
): Promise<{ theirs: Tree; ours: Tree; since: number }> {
  const since = Math.floor(Date.now() / 1000);
  const quietly = (command: string) => `${command} >log 2>&1 || { cat log >&2; exit 1; }`;
  await inDirectory(quietly(`hpc-gat make-sif --engine native oci:${source} -o x.sif --force`), 'alice');
  const listings = await inDirectory(
    `umask 022; rm -rf theirs ours
     ${quietly(unpack)}
     offset=$(apptainer sif list x.sif | sed -n 's/.*|\\([0-9]*\\)-.*Squashfs.*/\\1/p')
     ${quietly('unsquashfs -quiet -no-progress -offset $offset -dest ours x.sif')}
     python3 list-tree.py theirs; python3 list-tree.py ours`,
    'root',
  );
  const [theirs, ours] = listings
    .trim()
    .split('\n')
    .map((line) => new Map(Object.entries(JSON.parse(line) as Record<string, Facts>)));
  if (theirs === undefined || ours === undefined) {
    throw new Error('one of the listings is missing');
  }
  return { theirs, ours, since };
}

/**
 * Returns the layers without the types that umoci rejects, GNU's for sparse files and POSIX's for contiguous ones,
 * which only the unit tests cover.
 */
function layersOf(seed: number): TarItem[][] {
  return oddLayers(seed).map((layer) =>
    layer.map((item) => ({
      ...item,
      ...(item.sparse === 'gnu' && { sparse: '0.1' as const }),
      ...(item.type === '7' && { type: '0' }),
    })),
  );
}

/** Creates a directory of images with these layers, the lowest first, by their tags. */
async function putLayout(name: string, images: ReadonlyMap<string, readonly Buffer[]>): Promise<void> {
  const oci = new OciBytes();
  for (const [tag, layers] of images) {
    oci.add(oci.layered(layers), tag);
  }
  const layout = Buffer.concat([tarEntry('oci-layout', '{"imageLayoutVersion":"1.0.0"}'), oci.tar()]);
  await inDirectory(`mkdir ${name}; tar -xf - -C ${name}`, 'alice', layout);
}

/** Converts the manifest of the image in a layout: umoci reads OCI's manifests, and these are Docker's. */
function storedLayers(layout: string): Buffer[] {
  const blob = (digest: string) => readFileSync(path.join(layout, 'blobs', digest.replace(':', '/')));
  let described = JSON.parse(readFileSync(path.join(layout, 'index.json'), 'utf8')) as Described;
  for (let next = described.manifests?.[0]; next !== undefined; next = described.manifests?.[0]) {
    described = JSON.parse(blob(next.digest).toString()) as Described;
  }
  return (described.layers ?? []).map(({ digest }) => gunzipSync(blob(digest)));
}

interface Described {
  readonly manifests?: readonly { readonly digest: string }[];
  readonly layers?: readonly { readonly digest: string }[];
}

function modelled(layers: readonly TarItem[][], whiteouts: 'first' | 'as they come'): Tree {
  const model = new Model();
  for (const layer of layers) {
    model.apply(layer, whiteouts);
  }
  return treeOfModel(model);
}

describeInLab('odd images', () => {
  beforeAll(async () => {
    const fresh = `rm -rf ${directory}; mkdir -p -m 777 ${directory}`;
    await labExec('workstation', ['sh', '-c', fresh], { user: 'root', cwd: '/' });
    const lister = readFileSync(path.join(packageRoot, 'test/image/corpus/list-tree.py'));
    await inDirectory('cat >list-tree.py', 'alice', lister);
  }, longMs);
  afterAll(async () => {
    await labExec('workstation', ['rm', '-rf', directory], { user: 'root', cwd: '/' });
  });

  test(
    `${count} generated ones have the tree that umoci makes of them`,
    async () => {
      await putLayout('odd', new Map(seeds.map((seed) => [`seed-${seed}`, layersOf(seed).map(tarOf)])));
      const found: string[] = [];
      for (const seed of seeds) {
        const image = `odd:seed-${seed}`;
        const trees = await bothTrees(umoci(image), image);
        const byRules = modelled(layersOf(seed), 'first');
        const asTheyCome = modelled(layersOf(seed), 'as they come');
        found.push(...differences({ ...trees, byRules, asTheyCome }).map((line) => `seed ${seed}: ${line}`));
      }
      expect(found).toEqual([]);
    },
    longMs,
  );

  test(
    'have the tree that Apptainer unpacks as root, too',
    async () => {
      const [seed = 1] = seeds;
      await putLayout('single', new Map([['it', layersOf(seed).map(tarOf)]]));
      const unpack = 'APPTAINER_CACHEDIR=$PWD/cache apptainer build --sandbox theirs oci:single';
      const trees = await bothTrees(unpack, 'single');
      const byRules = modelled(layersOf(seed), 'first');
      const asTheyCome = modelled(layersOf(seed), 'as they come');
      expect(differences({ ...trees, byRules, asTheyCome })).toEqual([]);
    },
    longMs,
  );

  test(
    'of a public project have the tree that umoci makes of them',
    async () => {
      const fixtures = path.join(packageRoot, 'test/fixtures/oci-images');
      const names = readdirSync(fixtures).filter((name) => !name.includes('.'));
      const originals = execFileSync('tar', ['-C', fixtures, '-cf', '-', ...names]);
      await inDirectory('mkdir original; tar -xf - -C original', 'alice', originals);
      await putLayout(
        'public',
        new Map(names.map((name) => [name, storedLayers(path.join(fixtures, name))])),
      );
      const found: string[] = [];
      for (const name of names) {
        const trees = await bothTrees(umoci(`public:${name}`), `original/${name}`);
        const none: Tree = new Map();
        found.push(
          ...differences({ ...trees, byRules: none, asTheyCome: none }).map((line) => `${name}: ${line}`),
        );
      }
      expect(found).toEqual([]);
    },
    longMs,
  );
});
