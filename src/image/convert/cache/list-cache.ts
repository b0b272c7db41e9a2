import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { isMissing } from '../../../support/files/file-access.ts';
import { isRunning, type ProcessIdentity } from '../../../support/processes/process-identity.ts';
import { parseEntryName, type EntryName } from './cache-entry-name.ts';

/** A file of the cache. */
export interface CacheFile {
  /** Absolute path. */
  readonly file: string;
  readonly sizeBytes: number;
  readonly usedAt: Date;
}

/** The blocks of a layer. */
export interface CacheEntry extends CacheFile, EntryName {}

export interface CacheContents {
  /** The one that was not used for longest comes first. */
  readonly entries: readonly CacheEntry[];
  /** What processes have left that were killed. */
  readonly leftovers: readonly CacheFile[];
}

/** A writer on another host that has not written for so long is taken for dead. */
const expiryMs = 3_600_000;

/** What lies in the directory, if it is there. Files that are not of the cache are not seen. */
export async function listCache(directory: string, now: Date): Promise<CacheContents> {
  const entries: CacheEntry[] = [];
  const leftovers: CacheFile[] = [];
  for (const name of await readdir(directory).catch(noDirectory)) {
    const found = await look(path.join(directory, name));
    const entry = parseEntryName(name);
    if (found !== undefined && entry !== undefined) {
      entries.push({ ...found, ...entry });
    } else if (found !== undefined && isLeftover(name, found, now)) {
      leftovers.push(found);
    }
  }
  return { entries: entries.sort((one, other) => one.usedAt.getTime() - other.usedAt.getTime()), leftovers };
}

export async function removeFiles(files: readonly CacheFile[]): Promise<void> {
  for (const { file } of files) {
    await rm(file, { force: true });
  }
}

export function bytesOf(files: readonly CacheFile[]): number {
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

/** Those of the entries that have to go, the longest unused first, for the rest to have no more than `limitBytes`. */
export function surplus(entries: readonly CacheEntry[], limitBytes: number): CacheEntry[] {
  let left = bytesOf(entries);
  return entries.filter(({ sizeBytes }) => {
    const isTooMuch = left > limitBytes;
    left -= isTooMuch ? sizeBytes : 0;
    return isTooMuch;
  });
}

/** A name for what a process is writing, another one for each `parseNumber`. */
export function partName({ host, pid, startTicks }: ProcessIdentity, number: number): string {
  return `part.${host}-${pid}-${startTicks}.${number}`;
}

function isLeftover(name: string, { usedAt }: CacheFile, now: Date): boolean {
  const [, host, pid, startTicks] = /^part\.(.+)-(\d+)-(\d+)\.\d+$/.exec(name) ?? [];
  if (host === undefined) {
    return false;
  }
  const running = isRunning({ host, pid: Number(pid), startTicks: Number(startTicks) });
  return running === undefined ? now.getTime() - usedAt.getTime() > expiryMs : !running;
}

async function look(file: string): Promise<CacheFile | undefined> {
  try {
    const { size, mtime } = await stat(file);
    return { file, sizeBytes: size, usedAt: mtime };
  } catch (error) {
    if (isMissing(error)) {
      return undefined;
    }
    throw error;
  }
}

function noDirectory(error: unknown): string[] {
  if (isMissing(error)) {
    return [];
  }
  throw error;
}
