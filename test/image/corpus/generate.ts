import { Draw } from './draw.ts';
import { Impossible, Model } from './model.ts';
import { hole, type TarItem } from './tar.ts';

/** The names are few, so that entries collide; some are not UTF-8, not words, or too long for a header. */
const names = [
  'a',
  'b',
  'c',
  'd',
  'e',
  'caf\xe9',
  'new\nline',
  `l${'o'.repeat(120)}ng`,
  "it's $HOME",
] as const;
const owners = [0, 0, 0, 1000, 65534, 200_000, 2 ** 21, 2 ** 31, 2 ** 32 - 2] as const;
const modes = [0o644, 0o755, 0o600, 0, 0o200, 0o4755, 0o2711, 0o1777, 0o7000, 0o7777] as const;
const times = [
  0,
  1,
  1_000_000_000,
  1_700_000_000,
  -1,
  -315_360_000,
  2 ** 32 - 1,
  2 ** 32 + 5,
  2 ** 33,
] as const;
const devices = [0, 1, 8, 255, 256, 259, 4095] as const;

/** Generates layers that no tool creates on purpose, and whose result the rules define nevertheless. */
export function oddLayers(seed: number): TarItem[][] {
  const draw = new Draw(seed);
  const layers: TarItem[][] = [];
  for (let count = 2 + draw.below(4); count > 0; count -= 1) {
    const layer = [] as TarItem[];
    for (let left = 15 + draw.below(50); left > 0; left -= 1) {
      layer.push(itemOf(draw, layer));
    }
    for (
      let at = firstImpossible([...layers, layer]);
      at !== undefined;
      at = firstImpossible([...layers, layer])
    ) {
      layer.splice(at, 1);
    }
    layers.push(layer);
  }
  return layers;
}

/**
 * Returns the position in the last layer of an entry that cannot be applied, like a hard link to a missing file, in
 * either order.
 */
function firstImpossible(layers: readonly (readonly TarItem[])[]): number | undefined {
  for (const order of ['first', 'as they come'] as const) {
    const model = new Model();
    for (const layer of layers) {
      try {
        model.apply(layer, order);
      } catch (error) {
        if (error instanceof Impossible) {
          return error.at;
        }
        throw error;
      }
    }
  }
  return undefined;
}

function itemOf(draw: Draw, layer: readonly TarItem[]): TarItem {
  const path = pathOf(draw);
  const kind = draw.below(100);
  if (kind < 5) {
    // The entry has any type, and content that is ignored.
    const type = draw.of(['0', '0', '0', '2', '3', '5', '6']);
    return { ...metadata(draw), name: beside(path, `.wh.${draw.of(names)}`), type, link: 'a' };
  }
  if (kind < 8) {
    return { ...metadata(draw), name: beside(path, '.wh..wh..opq'), type: draw.of(['0', '0', '5']) };
  }
  if (kind < 9) {
    const name = draw.of([
      '.wh..wh.plnk',
      '.wh..wh.aufs',
      '.wh..wh.orph/',
      '.wh..wh.plnk/12.34',
      '.wh..wh.plnk/56.78',
    ]);
    return { ...metadata(draw), name, type: name.endsWith('/') ? '5' : '0' };
  }
  if (kind < 11) {
    return { ...metadata(draw), name: draw.of(['./', '.', '/', 'a/..']), type: '5' };
  }
  const name = spelled(draw, path);
  if (kind < 30) {
    return { ...metadata(draw, 'user'), name: draw.once(2) ? `${name}/` : name, type: '5' };
  }
  if (kind < 42) {
    return { ...metadata(draw), name, type: '2', link: linkOf(draw) };
  }
  if (kind < 60) {
    // Its own metadata must be ignored.
    return {
      ...metadata(draw, 'user'),
      name,
      type: '1',
      link: spelled(draw, draw.once(3) ? pathOf(draw) : (layer[draw.below(layer.length + 1)]?.name ?? 'a')),
    };
  }
  if (kind < 67) {
    const [major, minor] = [draw.of(devices), draw.of([...devices, 65_536, 1_048_575])];
    return { ...metadata(draw), name, type: draw.of(['3', '4', '6']), major, minor };
  }
  if (kind < 74) {
    const sparse = draw.of(['gnu', '0.0', '0.1', '1.0'] as const);
    return { ...metadata(draw, 'user'), name, type: '0', sparse, content: holesOf(draw) };
  }
  return { ...metadata(draw, 'user'), name, type: draw.of(['0', '0', '\0', '7']), content: contentOf(draw) };
}

function metadata(draw: Draw, xattrs: 'user' | 'none' = 'none'): Omit<TarItem, 'name' | 'type'> {
  return {
    mode: draw.of(modes),
    uid: draw.of(owners),
    gid: draw.of(owners),
    mtime: draw.of(times),
    longNames: draw.of(['pax', 'gnu']),
    numbers: draw.of(['pax', 'base-256']),
    ...(draw.once(5) && { xattrs: xattrsOf(draw, xattrs) }),
  };
}

/**
 * Generates xattrs; links and devices have no `user.` attributes, and security.selinux and system.nfs4_acl belong to
 * one machine.
 */
function xattrsOf(draw: Draw, kind: 'user' | 'none'): Record<string, Buffer> {
  const [text, capability] = [
    Buffer.from('with\0NUL\n='),
    Buffer.from('0100000200200000000000000000000000000000', 'hex'),
  ];
  return {
    'trusted.odd': text,
    ...(draw.once(3) && { 'security.selinux': Buffer.from('system_u:object_r:bin_t:s0\0') }),
    ...(kind === 'user' && { 'user.odd': draw.of([text, Buffer.from('other'), Buffer.alloc(900, 'x')]) }),
    ...(kind === 'user' && draw.once(2) && { 'security.capability': capability }),
    ...(kind === 'user' && draw.once(3) && { 'system.nfs4_acl': text }),
  };
}

function pathOf(draw: Draw): string {
  return Array.from({ length: 1 + draw.below(3) }, () => draw.of(names)).join('/');
}

const beside = (path: string, name: string) => [...path.split('/').slice(0, -1), name].join('/');

/** Returns a path in one of its many spellings. */
function spelled(draw: Draw, path: string): string {
  const [first] = path.split('/');
  return draw.of([
    path,
    path,
    path,
    `./${path}`,
    `/${path}`,
    `${first}/../${path}`,
    `../../${path}`,
    `.//${path}`,
  ]);
}

function linkOf(draw: Draw): string {
  const path = pathOf(draw);
  const up = '../'.repeat(draw.below(5));
  return draw.of([
    path,
    path,
    `/${path}`,
    `${up}${path}`,
    `./${path}/.`,
    `nowhere/${path}`,
    `nowhere/../${path}`,
    `${path}${'/.'.repeat(60)}`,
  ]);
}

function contentOf(draw: Draw): Buffer {
  const bytes = draw.of([0, 1, 100, 100, 511, 4096, 130_000, 131_072, 300_000]);
  // Some contents are equal.
  return Buffer.alloc(bytes, draw.of(['equal', 'other', `${draw.below(1000)} `]));
}

function holesOf(draw: Draw): Buffer {
  const blocks = Array.from({ length: 1 + draw.below(60) }, () =>
    Buffer.alloc(hole, draw.of(['', 'data', 'more'])),
  );
  return Buffer.concat(draw.once(2) ? [...blocks, Buffer.from('end')] : blocks);
}
