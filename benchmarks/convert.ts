/*
 * npm run bench:convert: converts images to SIFs with hpc-gat and with other programs, in its own lab, one after the
 * other on the same machine. Writes benchmarks/results/convert.{json,md,svg}. With --starts, it measures the start-up
 * times of the programs and adds them to the results of the last complete run.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { cacheDirectory } from '../scripts/demo/workplace.ts';
import { openBenchLab } from './convert/bench-lab.ts';
import { makeImages } from './convert/images.ts';
import { markdownTable } from './convert/report.ts';
import { lastResults, machineNow, writeResults, type Results } from './convert/results.ts';
import { measureRounds } from './convert/rounds.ts';
import { measureStages } from './convert/stages.ts';
import { measureStarts, prepareStarts } from './convert/starts.ts';
import { cli, run } from './convert/this-checkout.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
    starts: { type: 'boolean', default: false },
  },
});
const isWhole = values.only === '' && !values.starts;

const imagesDirectory = path.join(cacheDirectory(process.env), 'bench-images');
const images = await makeImages(imagesDirectory, run('defs/triton-cpu/build-context.sh', []).trim());
const [triton] = images;
const lab = openBenchLab(imagesDirectory);
let results: Results;
try {
  results = values.starts
    ? lastResults()
    : {
        machine: machineNow(),
        series: await measureRounds(lab, images, { rounds: Number(values.rounds), only: values.only }),
        starts: [],
        stages: [],
      };
  if (isWhole || values.starts) {
    lab.run(`${prepareStarts(lab.pathOf(triton.archive))} 2>/dev/null`);
    results = { ...results, starts: measureStarts(7, lab.run) };
  }
  if (isWhole) {
    results = { ...results, stages: measureStages(cli, `docker-archive:${triton.archive}`) };
  }
} finally {
  lab.close();
}
writeResults(results, isWhole || values.starts);
process.stdout.write(`${markdownTable(results.series)}\n`);
