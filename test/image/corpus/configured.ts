import { tarOf, type TarItem } from './tar.ts';

/** An image whose settings or places are unusual. */
export interface ConfiguredImage {
  readonly layer: Buffer;
  /** Settings in the image's configuration (OCI image-spec, config.md). */
  readonly settings: object;
}

/** Words that no shell splits correctly by chance. */
const words = [
  "it's",
  'a "quoted" one',
  'two  spaces',
  '$HOME',
  '${ODD}',
  '$(echo run)',
  '`echo run`',
  'back\\slash',
  'back\\\\slashes \\"',
  'new\nline',
  'e=q',
  '',
  '*',
  '-n',
  'end\\',
  '!',
  '#',
  ';',
  'é',
];

const env = [
  'PATH=/bin:/odd path/bin',
  "SINGLE=it's",
  'EQUAL=a=b=c',
  'EMPTY=',
  'NOVALUE',
  'odd-name=1',
  '1digit=1',
  'a.b=1',
  'SPACES=  both  ',
  'LD_LIBRARY_PATH=/opt/lib',
  'ODD=value',
  'é=1',
  'HASH=#no comment',
  'TILDE=~',
];

/** Values that Apptainer 1.4 changes. */
export const oddValues = {
  DOUBLE: 'a "quoted" one',
  DOLLAR: '$HOME ${PATH} $(echo run)',
  TICK: '`echo run`',
  BACK: 'back\\slash \\$ \\" end\\',
  LINES: 'new\nline\n',
  QUOTES: `'"'"'`,
};

const labels = {
  plain: 'text',
  'with.quotes': 'it\'s "quoted"',
  'with lines': 'new\nline',
  unicode: 'größe ✓ <&>',
  'back\\slash': '\\',
  empty: '',
};

/** Script that prints each of its arguments in brackets. */
const show = '#!/bin/sh\necho "$#"; for word; do printf \'<%s>\\n\' "$word"; done\n';

/** Returns images that both converters accept, and `nowhere`, which Apptainer rejects. */
export function configuredImages(busybox: Buffer): Readonly<Record<string, ConfiguredImage>> {
  const program = (name: string, content: Buffer | string): TarItem => ({
    name,
    type: '0',
    mode: 0o755,
    content: Buffer.from(content),
  });
  const directory = (name: string, mode = 0o755): TarItem => ({ name, type: '5', mode });
  const link = (name: string, target: string): TarItem => ({ name, type: '2', link: target });
  const tools = (bin: string) => [
    directory(bin),
    program(`${bin}/busybox`, busybox),
    ...['sh', 'cat', 'env', 'ls', 'id', 'pwd', 'echo', 'touch', 'sleep', 'sort'].map((name) =>
      link(`${bin}/${name}`, 'busybox'),
    ),
    program(`${bin}/show`, show),
  ];
  const usual = [...tools('bin'), directory('etc'), directory('work')];
  const more = {
    WorkingDir: '/work',
    User: '1234:1234',
    Volumes: { '/data': {} },
    ExposedPorts: { '80/tcp': {} },
  };
  return {
    'odd-words': {
      layer: tarOf(usual),
      settings: {
        Entrypoint: ['show', ...words],
        Cmd: ['default', ...words],
        Env: env,
        Labels: labels,
        ...more,
      },
    },
    'only-entrypoint': {
      // The usual links of a distribution, and links that point elsewhere.
      layer: tarOf([
        directory('usr'),
        ...tools('usr/bin'),
        link('bin', 'usr/bin'),
        link('tmp', 'var/tmp'),
        link('home', 'data/home'),
        directory('data'),
        directory('data/home'),
        directory('var'),
        directory('var/tmp', 0o1777),
      ]),
      settings: { Entrypoint: ['/bin/show', 'entry  point'] },
    },
    'only-cmd': {
      layer: tarOf([
        ...tools('bin'),
        directory('usr'),
        directory('usr/etc'),
        link('etc', 'usr/etc'),
        directory('root', 0o700),
        directory('tmp', 0o1777),
      ]),
      settings: { Cmd: ['show', 'com  mand', ...words], Env: ['PATH=/bin', 'LD_LIBRARY_PATH='] },
    },
    'odd-values': {
      layer: tarOf(usual),
      settings: { Env: Object.entries(oddValues).map(([name, value]) => `${name}=${value}`) },
    },
    'own-names': {
      // Older runtimes look for files with these names, and images contain such files too.
      layer: tarOf([
        ...tools('bin'),
        directory('environment'),
        program('environment/setup', 'x'),
        program('singularity', show),
        link('.run', 'bin/show'),
        directory('.singularity.d'),
        directory('.singularity.d/env'),
        program('.singularity.d/env/91-own.sh', 'export OWN=1\n'),
        program('.singularity.d/runscript', 'not it'),
      ]),
      settings: { Cmd: ['env'] },
    },
    nowhere: {
      layer: tarOf([
        ...tools('bin'),
        link('home', '/data/home'),
        link('tmp', '/data/tmp'),
        link('etc', '/data/etc'),
      ]),
      settings: { Cmd: ['show', 'it runs'] },
    },
    // The first name would be an option of `set`; the last of two values of a name wins.
    'first-is-option': {
      layer: tarOf([...usual, program('bin/-tool', show)]),
      settings: {
        Entrypoint: ['-tool'],
        Cmd: ['+e', 'a b'],
        Env: ['PATH=/nowhere', 'TWICE=first', 'TWICE=second', 'PATH=/bin'],
      },
    },
    neither: { layer: tarOf(usual), settings: {} },
    'no-shell': {
      layer: tarOf([program('tool', busybox)]),
      settings: { Entrypoint: ['/tool', 'echo'], Cmd: words, Env: ['ODD=value', "SINGLE=it's"] },
    },
  };
}
