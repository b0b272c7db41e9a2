import { describe, expect, test } from '@jest/globals';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  identifyDefinition,
  getRegistryReach,
  type RegistryReach,
} from '../../../src/image/build/definition/identify-definition.ts';
import { parseDefinition } from '../../../src/image/build/definition/parse-definition.ts';
import { formatSource, type ImageSource, type DefinitionSource } from '../../../src/image/source/source.ts';
import { UsageError } from '../../../src/support/errors.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const definition = `# made by hand
Bootstrap: docker
From: {{ BASE }}

%arguments
    BASE=debian:13

%files
    # a comment
    data /data
    "a b.txt"
    'c d' /c

%post
    echo From: nowhere
`;

describe('parseDefinition', () => {
  test('reads headers and files of this host, with the default values of variables', () => {
    expect(parseDefinition(definition, {})).toEqual({
      stages: [{ bootstrap: 'docker', from: 'debian:13' }],
      files: ['data', 'a b.txt', 'c d'],
      hasSetup: false,
    });
    expect(parseDefinition(definition, { BASE: 'x:1' }).stages).toEqual([
      { bootstrap: 'docker', from: 'x:1' },
    ]);
  });

  test('distinguishes stages, and files copied between them', () => {
    const text =
      'BootStrap: localimage\nFrom: a.sif\nStage: one\n%setup\ntouch x\n\nBootstrap: scratch\n%files from one\n/x /y\n%files\nz\n';
    expect(parseDefinition(text, {})).toEqual({
      stages: [
        { bootstrap: 'localimage', from: 'a.sif' },
        { bootstrap: 'scratch', from: '' },
      ],
      files: ['z'],
      hasSetup: true,
    });
  });
});

interface Place {
  readonly directory: string;
  readonly write: (name: string, content: string) => Promise<void>;
  /** Computes the identity, and the bases that were queried. */
  readonly look: (
    buildArguments?: Record<string, string>,
  ) => Promise<{ unknown: readonly string[]; all: string; bases: string[] }>;
}

function place(): Place {
  const directory = temporaryDirectory();
  return {
    directory,
    write: (name, content) => writeFile(path.join(directory, name), content),
    look: async (buildArguments = {}) => {
      const bases: string[] = [];
      const file = path.join(directory, 'x.def');
      const { identity } = await identifyDefinition(
        { kind: 'definition', file, buildArguments },
        (source: ImageSource) => {
          bases.push(formatSource(source));
          return Promise.resolve({ identity: { of: formatSource(source) }, layersBytes: 7 });
        },
      );
      return { unknown: identity.unknown, all: JSON.stringify(identity), bases };
    },
  };
}

describe('identifyDefinition', () => {
  test('changes with the definition file, its arguments, base and copied files, and with nothing else', async () => {
    const { directory, write, look } = place();
    await mkdir(path.join(directory, 'data', 'deep'), { recursive: true });
    await write('data/deep/x', 'x');
    await write(
      'x.def',
      'Bootstrap: docker\nFrom: {{ BASE }}\n%arguments\nBASE=a:1\n%files\ndata /data\n*.txt /t\n',
    );
    await write('one.txt', '1');
    const seen = [await look()];
    expect(seen[0]).toMatchObject({ unknown: [], bases: ['docker://a:1'] });
    expect(await look()).toEqual(seen[0]);
    await write('unrelated', '');
    expect(await look()).toEqual(seen[0]);
    await write('data/deep/x', 'yy');
    seen.push(await look());
    await write('two.txt', '2');
    seen.push(await look());
    await utimes(path.join(directory, 'one.txt'), new Date(0), new Date(0));
    seen.push(await look());
    seen.push(await look({ BASE: 'b:1' }));
    await write('x.def', 'Bootstrap: docker\nFrom: a:1\n');
    seen.push(await look());
    expect(new Set(seen.map(({ all }) => all)).size).toBe(6);
  });

  test.each([
    ['Bootstrap: debootstrap\n', /debootstrap is unknown/],
    ['Bootstrap: scratch\n%setup\ntouch x\n', /%setup runs commands/],
    ['Bootstrap: scratch\n%files\n$HOME/x /x\n', /%files names \$HOME/],
    ['Bootstrap: docker\nFrom: {{ NOTHING }}\n', /docker is unknown/],
  ])('reports why %j has no identity', async (text, reason) => {
    const { write, look } = place();
    await write('x.def', text);
    expect((await look()).unknown).toEqual([expect.stringMatching(reason)]);
  });

  test.each([
    ['Bootstrap: scratch\n%files\nnowhere /x\n'],
    ['Bootstrap: localimage\nFrom: nowhere.sif\n'],
    ['FROM debian\nRUN true\n'],
  ])('rejects %j', async (text) => {
    const { write, look } = place();
    await write('x.def', text);
    await expect(look()).rejects.toThrow(UsageError);
  });

  test('rejects a missing definition file', async () => {
    await expect(place().look()).rejects.toThrow(/cannot read the definition file/);
  });
});

describe('registryReachOf', () => {
  const one = 'Bootstrap: docker\nFrom: registry.test:5000/a:1\n';
  const here = 'Bootstrap: docker\nFrom: 127.0.0.1:5000/a:1\n';
  const hosts = ['registry.test:5000', '127.0.0.1:5000'];

  test.each<[string, Partial<DefinitionSource>, RegistryReach]>([
    [one, {}, { plainHttp: false, withLogins: true }],
    [one, { plainHttpHosts: hosts }, { plainHttp: true, withLogins: false }],
    [one, { plainHttpHosts: hosts, allowsPlaintextLogin: true }, { plainHttp: true, withLogins: true }],
    [here, { plainHttpHosts: hosts }, { plainHttp: true, withLogins: true }],
    [
      `${here}\nBootstrap: docker\nFrom: nvcr.io/x:1\n`,
      { plainHttpHosts: hosts },
      { plainHttp: true, withLogins: false },
    ],
    ['Bootstrap: scratch\n', { plainHttpHosts: hosts }, { plainHttp: false, withLogins: true }],
  ])('of %j is derived with %j', async (text, access, expected) => {
    const file = path.join(temporaryDirectory(), 'x.def');
    await writeFile(file, text);
    expect(await getRegistryReach({ kind: 'definition', file, buildArguments: {}, ...access })).toEqual(
      expected,
    );
  });
});
