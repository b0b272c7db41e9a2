import type { Fault } from './fault.ts';
import type { MeasuredRun, Measurement } from './measurement.ts';

/** Description of each class of faults, in the order of the page. */
const headings: Readonly<Record<Fault['class'], string>> = {
  server: 'The server is killed',
  script: 'The script of the run is killed',
  walltime: 'The walltime is reached',
  node: 'The node fails',
  controller: "Slurm's controller is down",
  port: 'The port is taken',
  credentials: 'The certificates are not valid',
  model: 'The model is faulty',
  twice: 'The script runs twice',
  space: 'No space is left',
  neighbour: 'Other runs on the node',
};

const head = `# Faults

What happens when something fails, how soon the waiting user knows it, and what is left behind. Every line was measured:
\`npm run test:faults\` injects each fault into the [lab](../reference/lab.md) with the real verbs, real Slurm, Apptainer and
Triton, and performs a leak check of the node before and after \`hpc-gat cleanup\`. The test fails if anything is left after
\`cleanup\`. \`npm test\` injects one fault of each class. The messages and their fixes: [troubleshooting](troubleshooting.md).
`;

/** Formats docs/guides/faults.md from the measurements. */
export function renderPage(matrix: readonly Fault[], run: MeasuredRun): string {
  const classes = Object.entries(headings) as [Fault['class'], string][];
  return [
    head,
    `Measured on ${run.date}, on ${run.cores} cores with two faults at a time. This page was generated from that run.`,
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
  return `| ${title} | ${harmless === true ? 'no effect' : delay(seconds)} | ${exitCode} | ${left.length === 0 ? 'nothing' : left.map(words).join(', ')} |`;
}

function section({ title, reaction }: Fault, { report, cleanup }: Measurement): string[] {
  return [
    `**${title}.** ${reaction}`,
    '',
    '```',
    report.replace(/^\d\d:\d\d:\d\d /, ''),
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
