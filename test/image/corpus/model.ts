import type { TarItem } from './tar.ts';

/** Object at a path. An object at several paths is a file with several names. */
export interface Thing {
  readonly kind: 'directory' | 'file' | 'link' | 'device' | 'fifo';
  /** Entry that described it; undefined for a directory without an entry. */
  readonly item: TarItem | undefined;
}

/** An entry that cannot be applied. */
export class Impossible extends Error {
  readonly at: number;

  constructor(at: number, problem: string) {
    super(problem);
    this.at = at;
  }
}

/**
 * Model of a tree that applies layers by the rules of docs/internals/converter.md in the simplest way, on a list of
 * paths. It shares no code with the implementation that it verifies.
 */
export class Model {
  /** Objects by path: `` is the root, `/a/b` an object in it. */
  things = new Map<string, Thing>([['', { kind: 'directory', item: undefined }]]);
  /** Paths that the current layer has created, with all parents. */
  #upper = new Set<string>();

  /**
   * @param whiteouts `first` is the rule; `as they come` is the behavior of tools that unpack entry by entry.
   * @throws {Impossible} for an entry that cannot be applied.
   */
  apply(items: readonly TarItem[], whiteouts: 'first' | 'as they come' = 'first'): void {
    this.#upper = new Set();
    const explicit = explicitDirectories(items);
    const goneLinks = new Map<TarItem, Thing>();
    if (whiteouts === 'first') {
      const all = this.#hiding(items, explicit);
      items.forEach((item, at) => {
        // A link that precedes the whiteout of its target refers to the removed file.
        const then = item.type === '1' && this.#hiding(items.slice(0, at), explicit).#target(item);
        if (then && all.#target(item) === undefined) {
          goneLinks.set(item, then);
        }
      });
      this.things = all.things;
    }
    items.forEach((item, at) => {
      if (!isWhiteout(item)) {
        this.#put(item, at, goneLinks.get(item));
      } else if (whiteouts === 'as they come') {
        this.#hide(item, at, new Set());
      }
    });
    for (const path of this.things.keys()) {
      if (path.startsWith('/.wh..wh.')) {
        this.things.delete(path);
      }
    }
  }

  #hide(item: TarItem, at: number, explicit: ReadonlySet<string>): void {
    const names = namesOf(item.name);
    const name = names.pop() ?? '';
    if (!isWhiteout(item) || (name.startsWith('.wh..wh.') && name !== '.wh..wh..opq')) {
      return;
    }
    let parent;
    try {
      parent = this.#real(names, at, explicit);
    } catch (error) {
      if (error instanceof Impossible && error.message === 'no directory') {
        return;
      }
      throw error;
    }
    const target = name === '.wh..wh..opq' ? parent : `${parent}/${name.slice(4)}`;
    for (const path of this.things.keys()) {
      const goes = path.startsWith(`${target}/`) || (path === target && name !== '.wh..wh..opq');
      if (goes && !this.#upper.has(path)) {
        this.things.delete(path);
      }
    }
  }

  /** Returns this model without the files that the whiteouts of a layer hide. */
  #hiding(items: readonly TarItem[], explicit: ReadonlySet<string>): Model {
    const other = new Model();
    other.things = new Map(this.things);
    items.forEach((item, at) => {
      other.#hide(item, at, explicit);
    });
    return other;
  }

  #put(item: TarItem, at: number, goneLink: Thing | undefined): void {
    const names = namesOf(item.name);
    const thing: Thing = { kind: kindOf(item.type), item };
    const name = names.pop();
    if (name === undefined) {
      if (thing.kind !== 'directory') {
        throw new Impossible(at, 'the root');
      }
      this.things.set('', thing);
      return;
    }
    const parent = this.#real(names, at);
    const path = `${parent}/${name}`;
    const linked = item.type === '1' ? this.#linked(item, at, path, goneLink) : undefined;
    this.#makeDirectories(parent);
    if (thing.kind !== 'directory' || this.things.get(path)?.kind !== 'directory') {
      this.#remove(path);
    }
    this.things.set(path, linked ?? thing);
    for (let above = path; above !== ''; above = above.slice(0, above.lastIndexOf('/'))) {
      this.#upper.add(above);
    }
  }

  #linked(item: TarItem, at: number, path: string, goneLink: Thing | undefined): Thing {
    const thing = this.#target(item) ?? goneLink;
    const inItsWay = [...this.things].some(
      ([there, other]) => other === thing && (there === path || there.startsWith(`${path}/`)),
    );
    if (thing === undefined || thing.kind === 'directory' || inItsWay) {
      throw new Impossible(at, 'a hard link to nothing, or to what it takes the place of');
    }
    return thing;
  }

  #target(item: TarItem): Thing | undefined {
    const names = namesOf(item.link ?? '');
    const name = names.pop() ?? '';
    try {
      return this.things.get(`${this.#real(names, 0)}/${name}`);
    } catch (error) {
      if (error instanceof Impossible) {
        return undefined;
      }
      throw error;
    }
  }

  #makeDirectories(path: string): void {
    if (path !== '' && !this.things.has(path)) {
      this.#makeDirectories(path.slice(0, path.lastIndexOf('/')));
      this.things.set(path, { kind: 'directory', item: undefined });
    }
  }

  #remove(path: string): void {
    for (const below of this.things.keys()) {
      if (below === path || below.startsWith(`${path}/`)) {
        this.things.delete(below);
      }
    }
  }

  /** Resolves the links of a path within the tree; missing parts are kept as written. */
  #real(names: readonly string[], at: number, explicit: ReadonlySet<string> = new Set()): string {
    let here = '';
    let links = 0;
    const todo = names.map((name, index) => ({
      name,
      mayLead: !explicit.has(names.slice(0, index + 1).join('/')),
    }));
    for (let step = todo.shift(); step !== undefined; step = todo.shift()) {
      if (step.name === '..') {
        here = here.slice(0, Math.max(0, here.lastIndexOf('/')));
      } else if (step.name !== '' && step.name !== '.') {
        const thing = this.things.get(`${here}/${step.name}`);
        const leads = thing?.kind === 'link' && step.mayLead;
        if (leads) {
          const target = thing.item?.link ?? '';
          links += 1;
          here = target.startsWith('/') ? '' : here;
          todo.unshift(...target.split('/').map((name) => ({ name, mayLead: true })));
        } else {
          here = `${here}/${step.name}`;
        }
        if (links > 40 || (!leads && thing !== undefined && thing.kind !== 'directory')) {
          throw new Impossible(at, links > 40 ? 'a circle' : 'no directory');
        }
      }
    }
    return here;
  }
}

export const isWhiteout = ({ name }: TarItem): boolean => namesOf(name).at(-1)?.startsWith('.wh.') === true;

const explicitDirectories = (items: readonly TarItem[]) =>
  new Set(items.filter(({ type }) => type === '5').map(({ name }) => namesOf(name).join('/')));

function namesOf(path: string): string[] {
  const names: string[] = [];
  for (const name of path.split('/')) {
    if (name === '..') {
      names.pop();
    } else if (name !== '' && name !== '.') {
      names.push(name);
    }
  }
  return names;
}

function kindOf(type: string): Thing['kind'] {
  switch (type) {
    case '2':
      return 'link';
    case '3':
    case '4':
      return 'device';
    case '5':
      return 'directory';
    case '6':
      return 'fifo';
    default:
      return 'file';
  }
}
