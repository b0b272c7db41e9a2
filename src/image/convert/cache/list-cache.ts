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

/** Entry with the blocks of one layer. */
export interface CacheEntry extends CacheFile, EntryName {}

export interface CacheContents {
  /** Entries, least recently used first. */
  readonly entries: readonly CacheEntry[];
  /** Files that killed processes left behind. */
  readonly leftovers: readonly CacheFile[];
}

/** Time without a write after which a writer on another host counts as dead. */
const expiryMs = 3_600_000;

/** Lists the files of the cache, if the directory exists. Other files are ignored. */
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

export function sumSizes(files: readonly CacheFile[]): number {
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

/** Selects the entries to remove, least recently used first, so that the rest takes at most `limitBytes`. */
export function selectEvicted(entries: readonly CacheEntry[], limitBytes: number): CacheEntry[] {
  let left = sumSizes(entries);
  return entries.filter(({ sizeBytes }) => {
    const isTooMuch = left > limitBytes;
    left -= isTooMuch ? sizeBytes : 0;
    return isTooMuch;
  });
}

/** Formats the temporary name of a file that a process writes; it is unique for each `number`. */
export function formatPartName({ host, pid, startTicks }: ProcessIdentity, number: number): string {
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
