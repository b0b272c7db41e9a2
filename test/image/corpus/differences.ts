import type { Facts, Tree } from './facts.ts';

/** Trees of the same image from four sources. */
export interface Trees {
  /** The file system of the SIF. */
  readonly ours: Tree;
  /** Tree unpacked by umoci or Apptainer as root. */
  readonly theirs: Tree;
  /** Tree by the rules; the unit tests compare it with the code. */
  readonly byRules: Tree;
  /** Tree by the rules, except that whiteouts are applied in entry order. */
  readonly asTheyCome: Tree;
  /** Start time in seconds since 1970. */
  readonly since: number;
}

interface Departure {
  /** Differences of our tree from umoci's. */
  readonly what: string;
  readonly why: string;
  readonly explains: (path: string, field: keyof Facts | undefined, trees: Trees) => boolean;
}

const fields = ['kind', 'mode', 'uid', 'gid', 'mtime', 'xattrs', 'detail', 'sameAs'] as const;

/** All allowed differences of our tree from umoci's, and from Apptainer's, which unpacks with umoci's code. */
const departures: readonly Departure[] = [
  {
    what: 'A whiteout that stands behind an entry of its layer leaves directories above that entry as they were below.',
    why: 'umoci goes entry by entry. By image-spec a whiteout hides lower layers wherever it stands: the directory is a new one, as when the whiteout comes first.',
    explains: (path, field, { theirs, byRules, asTheyCome }) => {
      const [ruled, came, there] = [byRules, asTheyCome, theirs].map((tree) => tree.get(path));
      return field === undefined || ruled === undefined || came === undefined || there === undefined
        ? (ruled === undefined) !== (came === undefined) && (there === undefined) === (came === undefined)
        : text(ruled[field]) !== text(came[field]) &&
            (text(there[field]) === text(came[field]) || Number.isNaN(came[field]));
    },
  },
  {
    what: 'A directory that no layer describes has the group and the setgid of the one with setgid that it is made in; with Apptainer it can be written by its group.',
    why: 'So does mkdir of Linux, and Apptainer unpacks with umask 002. image-spec names no metadata for such directories; ours are of root and 0755 everywhere.',
    explains: (path, field, { theirs, asTheyCome }) => {
      const { mode = 0 } = theirs.get(path) ?? {};
      return (
        Number.isNaN(asTheyCome.get(path)?.mtime) &&
        ((field === 'mode' && [0o775, 0o2755, 0o2775].includes(mode)) ||
          (field === 'gid' && (mode & 0o2000) !== 0))
      );
    },
  },
  {
    what: 'Directories have the time of unpacking.',
    why: 'umoci sets no time where it makes a directory that no layer describes, and puts back that of the directory above an entry only, not of those that it changes farther up or down. Here a layer alone changes times.',
    explains: (path, field, { theirs, since }) => {
      const there = theirs.get(path);
      return (
        field === 'mtime' && there?.kind === 'directory' && there.mtime >= since && there.mtime < since + 3600
      );
    },
  },
  {
    what: 'Times before 1970 and after 2106 are the nearest that squashfs has.',
    why: 'It counts seconds since 1970 in 32 bits.',
    explains: (path, field, { ours, theirs }) => {
      const there = theirs.get(path)?.mtime ?? 0;
      return field === 'mtime' && ours.get(path)?.mtime === Math.min(Math.max(there, 0), 2 ** 32 - 1);
    },
  },
  {
    what: 'The root directory can be written by its owner.',
    why: 'Apptainer makes its mount points there; `apptainer build` does the same.',
    explains: (path, field, { ours, theirs }) =>
      path === '' && field === 'mode' && ours.get(path)?.mode === ((theirs.get(path)?.mode ?? 0) | 0o700),
  },
  {
    what: 'What AUFS kept below .wh..wh.plnk is not there.',
    why: 'Names with .wh. are no files of an image (image-spec, layer.md); links to those files keep what they are bound to.',
    explains: (path, field, { ours, theirs }) =>
      field === 'sameAs'
        ? theirs.get(path)?.sameAs?.startsWith('/.wh..wh.') === true
        : path.startsWith('/.wh..wh.') && !ours.has(path),
  },
];

/** Files that `apptainer build` and the native engine add to every image, and that generated ones lack. */
export const added =
  /^\/(\.singularity\.d|dev|etc|home|proc|root|sys|tmp|var|singularity|environment|\.(run|exec|test|shell))(\/|$)/;

/** Lists the differences that no known deviation explains. */
export function differences(trees: Trees): string[] {
  const paths = new Set([...trees.ours.keys(), ...trees.theirs.keys()]);
  return [...paths]
    .filter((path) => !added.test(path))
    .flatMap((path) => {
      const [one, other] = [trees.ours.get(path), trees.theirs.get(path)];
      const different =
        one === undefined || other === undefined
          ? [undefined]
          : fields.filter((field) => text(one[field]) !== text(other[field]));
      return different
        .filter((field) => !departures.some(({ explains }) => explains(path, field, trees)))
        .map((field) => {
          const shown = field === undefined ? [one, other] : [one?.[field], other?.[field]];
          return `${JSON.stringify(path)}: ${field ?? 'there'} ${shown.map(text).join(', theirs ')}`;
        });
    });
}

const text = (value: unknown) => JSON.stringify(value ?? 'nothing');
