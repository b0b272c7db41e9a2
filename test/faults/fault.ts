import type { Stage } from './stage.ts';

/** Faults of one class fail in the same place; `npm test` provokes at least one of each. */
export const faultClasses = [
  'server',
  'script',
  'walltime',
  'node',
  'controller',
  'port',
  'credentials',
  'model',
  'twice',
  'space',
  'neighbour',
] as const;

export interface Fault {
  /** In kebab-case, at most 40 letters: the id of its run too. */
  readonly name: string;
  readonly class: (typeof faultClasses)[number];
  /** What goes wrong, as a heading. */
  readonly title: string;
  /** What hpc-gat does about it, for docs/guides/faults.md. */
  readonly happens: string;
  /** In `npm test`; the others in `npm run test:faults` only. */
  readonly inShortRun?: true;
  /** It stops what the others need, and has the lab for itself. */
  readonly alone?: true;
  /** Its node is started again by the test: what runs there has other process ids afterwards. */
  readonly restartsNode?: true;
  /** Nothing goes wrong for the person who waits: there is nothing to know soon. */
  readonly harmless?: true;
  /** The exit code of the command that the user waits for. */
  readonly exitCode: number;
  /** The line that tells the user. */
  readonly tells: RegExp;
  readonly provoke: (stage: Stage) => Promise<Provoked>;
}

export interface Provoked {
  readonly exitCode: number | undefined;
  /** When the fault happened, in ms since the epoch. */
  readonly atMs: number;
  /** What came on the user's terminal. */
  readonly lines: readonly StampedLine[];
}

export interface StampedLine {
  /** In ms since the epoch. */
  readonly atMs: number;
  readonly text: string;
}
