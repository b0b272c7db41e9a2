/*
 * npm run bench:convert: an image to a SIF by hpc-gat and by what else there is, in a lab of its own, one after the
 * other on the same machine. Writes benchmarks/results/convert.{json,md,svg}. With --starts, how long programs take to
 * start alone, into the results of the last whole run.
 */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, cpus, loadavg, release, tmpdir, totalmem } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { cacheFolder } from '../scripts/demo/workplace.ts';
import { converters, readBefore, type Converter, type Paths } from './convert/converters.ts';
import { makeImages, type BenchImage } from './convert/images.ts';
import { goalsTable } from './convert/goals.ts';
import { measure, type Measurement } from './convert/measure.ts';
import { quote } from './convert/quote.ts';
import { chart, headlines, markdownTable, type Series } from './convert/report.ts';
import { measureStages, stagesTable, type Stage } from './convert/stages.ts';
import { measureStarts, prepareStarts, startsTable, type Start } from './convert/starts.ts';

const root = path.dirname(import.meta.dirname);
const labName = 'bench';
const imagesInLab = '/mnt/images';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
    starts: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
const isWhole = values.only === '' && !values.starts;
const results = path.join(root, 'benchmarks', 'results');
const cli = path.join(root, 'bin', 'hpc-gat.js');
const enterLab = [process.execPath, cli, 'lab', 'exec', '--name', labName, 'login', '--', 'sh', '-c'];

const cache = cacheFolder(process.env);
const context = run(path.join(root, 'defs/triton-cpu/build-context.sh'), []).trim();
const imagesFolder = path.join(cache, 'bench-images');
const images = await makeImages(imagesFolder, context);
hpcGat(['lab', 'up', '--name', labName, '--bind', `${imagesFolder}:${imagesInLab}`]);
const earlier = images.find(({ name }) => name === 'triton');
const last = values.starts ? lastResults() : undefined;
const series: Series[] = [...(last?.series ?? [])];
const starts: Start[] = [];
const stages: Stage[] = [...(last?.stages ?? [])];
try {
  const { folder } = JSON.parse(hpcGat(['lab', 'status', '--name', labName, '--json'])) as { folder: string };
  installPackage(path.join(folder, 'home', 'alice', 'installed'));
  for (const image of values.starts ? [] : images) {
    const wanted = converters.filter(
      (converter) => converter.images.includes(image.name) && titleOf(image, converter).includes(values.only),
    );
    // Round by round, so that what disturbs the machine for a while does not meet one of them alone.
    const measured = new Map<Converter, Measurement[]>(wanted.map((converter) => [converter, []]));
    for (let round = 0; round < rounds; round += 1) {
      for (const converter of wanted.filter(({ slow }) => slow !== true || round === 0)) {
        const once = await measureOnce(image, converter, folder);
        measured.get(converter)?.push(once);
        process.stderr.write(`${titleOf(image, converter)}: ${once.wallSeconds} s\n`);
      }
    }
    for (const [{ name, layers, codec }, found] of measured) {
      series.push({ image: image.name, converter: name, layers, codec, rounds: found });
    }
  }
  if (isWhole || values.starts) {
    inLab(`${prepareStarts(inLabPath(images[0]?.archive ?? ''))} 2>/dev/null`);
    starts.push(...measureStarts(7, inLab));
  }
  if (isWhole) {
    stages.push(...measureStages(cli, `docker-archive:${earlier?.archive ?? ''}`));
  }
} finally {
  hpcGat(['lab', 'down', '--name', labName, '--wipe']);
}
writeResults(last?.machine ?? machineNow());

function run(file: string, args: readonly string[]): string {
  return execFileSync(file, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

function hpcGat(args: readonly string[]): string {
  return run(process.execPath, [cli, ...args]);
}

function inLab(command: string): string {
  return run(enterLab[0] ?? '', [...enterLab.slice(1), command]);
}

/** As `npm install` of the packed package leaves it. */
function installPackage(prefix: string): void {
  const packed = mkdtempSync(path.join(tmpdir(), 'hpc-gat-bench-'));
  try {
    run('npm', ['pack', '--silent', '--pack-destination', packed]);
    const [archive = ''] = readdirSync(packed);
    run('npm', [
      'install',
      '--silent',
      '--global',
      '--offline',
      '--prefix',
      prefix,
      path.join(packed, archive),
    ]);
    const clock = 'phase-clock.mjs';
    copyFileSync(path.join(import.meta.dirname, 'convert', clock), path.join(prefix, clock));
  } finally {
    rmSync(packed, { recursive: true });
  }
}

function titleOf({ name }: BenchImage, { name: converter, layers, codec }: Converter): string {
  return `${name}, ${layers}, ${codec}: ${converter}`;
}

/** Of a file in the folder of the images. */
function inLabPath(file: string): string {
  return path.join(imagesInLab, path.relative(imagesFolder, file));
}

async function measureOnce(image: BenchImage, converter: Converter, labFolder: string): Promise<Measurement> {
  const place = path.join(labFolder, 'home', 'alice', 'bench');
  clear();
  inLab(
    `mkdir -p ~/bench/scratch && echo 'cache: { folder: /home/alice/bench/layers }' >~/bench/hpc-gat.yaml`,
  );
  const paths: Paths = {
    archive: inLabPath(image.archive),
    layout: inLabPath(image.layout),
    flat: inLabPath(image.flat),
    result: '/home/alice/bench/result.sif',
    scratch: '/home/alice/bench/scratch',
    earlier: { archive: inLabPath(earlier?.archive ?? ''), layout: inLabPath(earlier?.layout ?? '') },
  };
  try {
    if (converter.prepare !== undefined) {
      inLab(converter.prepare(paths));
    }
    inLab(readBefore(converter, paths));
    return await measure(enterLab, converter.command(paths), path.join(place, 'result.sif'));
  } finally {
    clear();
  }

  /** As root: what was unpacked may be closed to its owner. */
  function clear(): void {
    rmSync(place, { recursive: true, force: true });
  }
}

interface Machine {
  readonly processor: string;
  readonly processors: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly loadBefore: number | undefined;
  readonly date: string;
}

interface Results {
  readonly machine: Machine;
  readonly series: readonly Series[];
  readonly stages: readonly Stage[];
}

function lastResults(): Results {
  return JSON.parse(readFileSync(path.join(results, 'convert.json'), 'utf8')) as Results;
}

function machineNow(): Machine {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    processors: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    loadBefore: loadavg()[0],
    date: new Date().toISOString().slice(0, 10),
  };
}

function writeResults(machine: Machine): void {
  mkdirSync(results, { recursive: true });
  const told = `${machine.processors} processors (${machine.processor}), ${machine.memoryGiB} GiB, Linux ${machine.kernel}, Node ${machine.node}; ${machine.date}. Medians.`;
  const goals = goalsTable(series, starts);
  const files = {
    'convert.json': `${JSON.stringify({ machine, series, starts, stages }, undefined, 2)}\n`,
    'convert.md': `${[told, goals, markdownTable(series), startsTable(starts), stagesTable(stages)].join('\n\n')}\n`,
    'convert.svg': chart(series),
  };
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(path.join(results, name), text);
  }
  if (isWhole || values.starts) {
    quote(path.join(root, 'README.md'), headlines(series));
    quote(path.join(root, 'docs', 'performance.md'), [told, goals, stagesTable(stages)].join('\n\n'));
  }
  process.stdout.write(`${markdownTable(series)}\n`);
}
