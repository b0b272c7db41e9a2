import { rmSync } from 'node:fs';
import path from 'node:path';
import type { BenchLab } from './bench-lab.ts';
import { converters, readBefore, type Converter, type Paths } from './converters.ts';
import type { BenchImage, BenchImages } from './images.ts';
import { measure, type Measurement } from './measure.ts';
import type { Series } from './report.ts';

/**
 * Converts every image by each of its converters, round by round, so that a temporary disturbance of the machine
 * affects all of them. Prints the times on stderr.
 *
 * @param only substring of the titles to measure.
 */
export async function measureRounds(
  lab: BenchLab,
  images: BenchImages,
  { rounds, only }: { readonly rounds: number; readonly only: string },
): Promise<Series[]> {
  const [earlier] = images;
  const series: Series[] = [];
  for (const image of images) {
    const wanted = converters.filter(
      (converter) => converter.images.includes(image.name) && titleOf(image, converter).includes(only),
    );
    const measured = new Map<Converter, Measurement[]>(wanted.map((converter) => [converter, []]));
    for (let round = 0; round < rounds; round += 1) {
      for (const converter of wanted.filter(({ slow }) => slow !== true || round === 0)) {
        const once = await measureOnce(lab, image, earlier, converter);
        measured.get(converter)?.push(once);
        process.stderr.write(`${titleOf(image, converter)}: ${once.wallSeconds} s\n`);
      }
    }
    for (const [{ name, layers, codec }, found] of measured) {
      series.push({ image: image.name, converter: name, layers, codec, rounds: found });
    }
  }
  return series;
}

function titleOf({ name }: BenchImage, { name: converter, layers, codec }: Converter): string {
  return `${name}, ${layers}, ${codec}: ${converter}`;
}

async function measureOnce(
  lab: BenchLab,
  image: BenchImage,
  earlier: BenchImage,
  converter: Converter,
): Promise<Measurement> {
  const place = path.join(lab.home, 'bench');
  // Runs as root, because unpacked files may be closed to their owner.
  const clear = () => {
    rmSync(place, { recursive: true, force: true });
  };
  clear();
  lab.run(
    `mkdir -p ~/bench/scratch && echo 'cache: { folder: /home/alice/bench/layers }' >~/bench/hpc-gat.yaml`,
  );
  const paths: Paths = {
    archive: lab.pathOf(image.archive),
    layout: lab.pathOf(image.layout),
    flat: lab.pathOf(image.flat),
    result: '/home/alice/bench/result.sif',
    scratch: '/home/alice/bench/scratch',
    earlier: { archive: lab.pathOf(earlier.archive), layout: lab.pathOf(earlier.layout) },
  };
  try {
    if (converter.prepare !== undefined) {
      lab.run(converter.prepare(paths));
    }
    lab.run(readBefore(converter, paths));
    return await measure(lab.enter, converter.command(paths), path.join(place, 'result.sif'));
  } finally {
    clear();
  }
}
