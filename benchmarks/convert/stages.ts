import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Output of V8's sampling profiler (`node --cpu-prof`), with times in microseconds. */
interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Time in one thread, including samples that wait for a processor. */
export interface Stage {
  readonly thread: string;
  readonly what: string;
  readonly seconds: number;
}

const ofMain: readonly (readonly [what: string, name: RegExp, url: RegExp])[] = [
  ['waiting for the others', /^\(idle\)$/, /^$/],
  ['SHA-256 of what is read, and of the SIF', /^update$/, /crypto\/hash/],
  ['CRC-32, to find equal files', /^crc32$/, /zlib/],
  ['handing blocks to the threads, and back', /./, /internal\/(worker|per_context\/messageport)/],
  ['handing blocks to the threads, and back', /^postMessage$/, /./],
  ['handing blocks to the threads, and back', /^postMessage$/, /^$/],
  ['inflating: its share here', /./, /node:zlib/],
  ['garbage collection', /^\(garbage collector\)$/, /^$/],
  [
    'reading and writing files',
    /^(read|writeBuffers|writeBuffer|open|fsCall|write|readv)$/,
    /^$|node:(internal\/)?fs/,
  ],
  ['tar', /./, /src\/image\/tar\//],
  ['rules of layers', /./, /src\/image\/(layer\/|store-layers)/],
  ['squashfs: copying, order, tables', /./, /src\/image\/squashfs\/|node:buffer/],
];
const rest = 'everything else, the start of the program too';

/** Converts an image from this checkout under the profiler. */
export function measureStages(program: string, source: string): Stage[] {
  const directory = mkdtempSync(path.join(tmpdir(), 'hpc-gat-stages-'));
  try {
    const profiles = path.join(directory, 'profiles');
    execFileSync(
      process.execPath,
      [
        ...['--cpu-prof', '--cpu-prof-interval', '500', '--cpu-prof-dir', profiles],
        ...[program, 'make-sif', '--no-cache', '--compression', 'zstd:3', '--threads', '2'],
        ...['-o', path.join(directory, 'result.sif'), source],
      ],
      { stdio: 'ignore' },
    );
    const threads = readdirSync(profiles)
      .map((name) => JSON.parse(readFileSync(path.join(profiles, name), 'utf8')) as Profile)
      .sort((one, other) => span(other) - span(one));
    const [main, ...others] = threads;
    return [
      ...(main === undefined ? [] : stagesOfMain(main)),
      ...stagesOf(
        'block thread',
        'compressing',
        others.filter((one) => !readsFiles(one)),
      ),
      ...stagesOf('file thread', 'closing gaps, SHA-256 of the SIF', others.filter(readsFiles)),
    ];
  } finally {
    rmSync(directory, { recursive: true });
  }
}

export function stagesTable(stages: readonly Stage[]): string {
  const rows = stages.map(({ thread, what, seconds }) => `| ${thread} | ${what} | ${seconds.toFixed(2)} |`);
  return ['| thread | stage | s |', '|---|---|---|', ...rows].join('\n');
}

function stagesOfMain(profile: Profile): Stage[] {
  const sums = new Map<string, number>([...ofMain.map(([what]) => [what, 0] as const), [rest, 0]]);
  for (const { name, url, seconds } of samples(profile)) {
    const what = ofMain.find(([, ofName, ofUrl]) => ofName.test(name) && ofUrl.test(url))?.[0] ?? rest;
    sums.set(what, (sums.get(what) ?? 0) + seconds);
  }
  return [...sums]
    .map(([what, seconds]) => ({ thread: 'main', what, seconds }))
    .filter(({ seconds }) => seconds >= 0.005);
}

function stagesOf(thread: string, what: string, profiles: readonly Profile[]): Stage[] {
  return profiles.map((profile, index) => {
    const busy = [...samples(profile)].filter(({ name }) => name !== '(idle)');
    const seconds = busy.reduce((sum, sample) => sum + sample.seconds, 0);
    return { thread: `${thread} ${index + 1}`, what, seconds };
  });
}

function readsFiles(profile: Profile): boolean {
  return [...samples(profile)].some(({ name, url }) => name === 'readSync' && url === 'node:fs');
}

function* samples(profile: Profile): Generator<{ name: string; url: string; seconds: number }> {
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  for (const [index, id] of profile.samples.entries()) {
    const { functionName = '', url = '' } = frames.get(id) ?? {};
    yield { name: functionName, url, seconds: (profile.timeDeltas[index] ?? 0) / 1e6 };
  }
}

function span({ timeDeltas }: Profile): number {
  return timeDeltas.reduce((sum, delta) => sum + delta, 0);
}
