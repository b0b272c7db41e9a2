import { alignColumns } from '../../support/text/table.ts';
import type { RunState } from './state.ts';

/** Formats the states of runs as a table with headings. */
export function formatStates(states: readonly RunState[]): string[] {
  if (states.length === 0) {
    return ['no run yet'];
  }
  const rows = states.map((run) => [
    run.id,
    run.jobId ?? run.kind,
    run.reason === undefined ? run.state : `${run.state} (${run.reason})`,
    run.host ?? '-',
    run.active
      ? run.ready
        ? run.serves
          ? 'serving'
          : 'ready'
        : 'not ready'
      : run.exitCode === undefined
        ? '-'
        : `exit ${run.exitCode}`,
    [
      ...(run.leftOn.length === 0
        ? []
        : [`left resources on ${run.leftOn.join(', ')}: hpc-gat cleanup ${run.id}`]),
      ...run.unreadable,
    ].join('; '),
  ]);
  return alignColumns([['RUN', 'JOB', 'STATE', 'NODE', 'MODEL', ''], ...rows]);
}
