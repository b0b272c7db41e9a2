import type { Fault } from './fault.ts';
import type { MeasuredRun, Measurement } from './measurement.ts';

/** Description of each class of faults, in the order of the page. */
const headings: Readonly<Record<Fault['class'], string>> = {
  server: 'The server dies',
  script: "The run's own script dies",
  walltime: 'The time is over',
  node: 'The node dies',
  controller: "Slurm's controller is away",
  port: 'The port is taken',
  credentials: 'The certificates do not fit',
  model: 'The model is wrong',
  twice: 'The script runs twice',
  space: 'No space is left',
  neighbour: 'Somebody else is there',
};

const head = `# Faults

What happens when something goes wrong, how soon the person who waits knows, and what is left. Every line was measured:
\`npm run test:faults\` provokes each fault in the lab (docs/reference/lab.md) by the real verbs, with real Slurm, Apptainer and
Triton, and looks at the node from outside before and after \`hpc-gat cleanup\`. After it nothing is left, of any of them,
or the test fails. One of each class is provoked in \`npm test\` too.
`;

/** Formats docs/guides/faults.md from the measurements. */
export function renderPage(matrix: readonly Fault[], run: MeasuredRun): string {
  const classes = Object.entries(headings) as [Fault['class'], string][];
  return [
    head,
    `Measured on ${run.date}, on ${run.cores} cores that ran two faults at a time. That run wrote this page.`,
    '',
    '| fault | known after | exit code | left on the node before `cleanup` |',
    '|---|---|---|---|',
    ...matrix.map((fault) => row(fault, measurementOf(fault, run))),
    '',
    ...classes.flatMap(([name, heading]) => [
      `## ${heading}`,
      '',
      ...matrix
        .filter((fault) => fault.class === name)
        .flatMap((fault) => section(fault, measurementOf(fault, run))),
    ]),
  ]
    .join('\n')
    .replace(/\n+$/, '\n');
}

function measurementOf({ name }: Fault, { measurements }: MeasuredRun): Measurement {
  const found = measurements.find(({ fault }) => fault === name);
  if (found === undefined) {
    throw new Error(`${name} was not measured: npm run test:faults`);
  }
  return found;
}

function row({ title, harmless }: Fault, { seconds, exitCode, left }: Measurement): string {
  return `| ${title} | ${harmless === true ? 'it does no harm' : delay(seconds)} | ${exitCode} | ${left.length === 0 ? 'nothing' : left.map(words).join(', ')} |`;
}

function section({ title, happens }: Fault, { told, cleanup }: Measurement): string[] {
  return [
    `**${title}.** ${happens}`,
    '',
    '```',
    told.replace(/^\d\d:\d\d:\d\d /, ''),
    ...cleanup.filter((line) => line !== 'nothing to clean up').map((line) => `$ hpc-gat cleanup\n${line}`),
    '```',
    '',
  ];
}

function delay(seconds: number): string {
  return seconds < 0 ? `${Math.round(-seconds)} s before it` : `${seconds} s`;
}

/** Converts sharedMemory to "shared memory". */
function words(kind: string): string {
  return kind.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
