import type { Stage } from './stage.ts';

/** Faults of one class fail in the same place; `npm test` injects at least one of each. */
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
  /** Name in kebab-case, at most 40 letters; it is also the id of the fault's run. */
  readonly name: string;
  readonly class: (typeof faultClasses)[number];
  /** Title of the fault, as a heading. */
  readonly title: string;
  /** Reaction of hpc-gat, for docs/guides/faults.md. */
  readonly reaction: string;
  /** Whether it is part of `npm test`; the others run in `npm run test:faults` only. */
  readonly inShortRun?: true;
  /** Whether it stops services that other faults need, and requires exclusive use of the lab. */
  readonly alone?: true;
  /** Whether the test restarts its node, which changes the process ids there. */
  readonly restartsNode?: true;
  /** Whether the waiting user is unaffected, so that no report is due. */
  readonly harmless?: true;
  /** Exit code of the command that the user waits for. */
  readonly exitCode: number;
  /** Pattern of the line that reports the fault. */
  readonly reportPattern: RegExp;
  readonly inject: (stage: Stage) => Promise<FaultOutcome>;
}

export interface FaultOutcome {
  readonly exitCode: number | undefined;
  /** Time of the fault, in ms since the epoch. */
  readonly atMs: number;
  /** Lines on the user's terminal. */
  readonly lines: readonly StampedLine[];
}

export interface StampedLine {
  /** Time of the line, in ms since the epoch. */
  readonly atMs: number;
  readonly text: string;
}
