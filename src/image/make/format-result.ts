import path from 'node:path';
import { formatBytes } from '../../support/text/amounts.ts';
import type { MakeSifResult } from './request.ts';

/** Formats the result as one line for users. */
export function formatResult({ state, file, reason, record }: MakeSifResult, cwd: string): string {
  const relative = path.relative(cwd, file);
  const name = relative.startsWith('..') ? file : relative;
  if (state !== 'made' || record === undefined) {
    return `${name}: ${state} (${reason})`;
  }
  const { sizeBytes, durationMs, compression, engine, sha256 } = record;
  const seconds = `${(durationMs / 1000).toFixed(1)} s`;
  return `${name}: ${formatBytes(sizeBytes)}, ${compression}, ${seconds} by ${engine.name} ${engine.version}, sha256:${sha256}`;
}
