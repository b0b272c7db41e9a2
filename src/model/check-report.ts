import { type Finding, formatFinding } from './finding.ts';

export function countSeverities(findings: readonly Finding[]): { errors: number; warnings: number } {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  return { errors, warnings: findings.length - errors };
}

/** Formats the findings with paths relative to `cwd`, and a last line that counts them. */
export function formatFindings(findings: readonly Finding[], cwd: string): string[] {
  const { errors, warnings } = countSeverities(findings);
  const lines = findings.flatMap((finding) => formatFinding(finding, cwd));
  return [...lines, findings.length === 0 ? 'no mistake found' : `errors: ${errors}, warnings: ${warnings}`];
}
