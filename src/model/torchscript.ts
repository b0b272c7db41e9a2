import type { FileHandle } from 'node:fs/promises';
import { withFile, type ZipEntry, listZipEntries, ZipError, readZipEntry } from '../formats/zip/zip.ts';

/**
 * Type of a model.pt; `arguments` are those of forward() without self, undefined when they could not be read.
 */
export type TorchFile =
  | { readonly kind: 'torchscript'; readonly arguments: readonly string[] | undefined }
  | {
      readonly kind:
        'empty' | 'git-lfs-pointer' | 'cut-off' | 'state-dict' | 'exported' | 'old-pickle' | 'other';
    };

const longestCodeBytes = 64 * 1024 * 1024;

/**
 * Inspects a file that torch wrote, without running anything in it.
 *
 * Source: pytorch, torch/csrc/jit/docs/serialization.md: a TorchScript archive has `code/` and
 * `constants.pkl` beside `data.pkl`; torch.save writes only `data.pkl` and `data/`; torch.export.save writes
 * `archive_format` or `serialized_exported_program.json`.
 */
export async function inspectTorchFile(file: string): Promise<TorchFile> {
  return withFile(file, async (handle) => {
    const start = Buffer.alloc(40);
    const { bytesRead } = await handle.read(start, 0, start.length, 0);
    const head = start.subarray(0, bytesRead);
    if (head.length === 0) {
      return { kind: 'empty' };
    }
    if (head.toString('latin1').startsWith('version https://git-lfs.')) {
      return { kind: 'git-lfs-pointer' };
    }
    if (head.toString('latin1', 0, 2) !== 'PK') {
      // Before 1.6, torch.save began every file with PROTO 2.
      return { kind: head[0] === 0x80 && head[1] === 2 ? 'old-pickle' : 'other' };
    }
    return inspectArchive(handle);
  });
}

async function inspectArchive(handle: FileHandle): Promise<TorchFile> {
  let entries: ZipEntry[];
  try {
    entries = await listZipEntries(handle);
  } catch (error) {
    if (error instanceof ZipError) {
      return { kind: 'cut-off' };
    }
    throw error;
  }
  // Every entry is in one directory, named after the file when it was saved.
  const inDirectory = entries.map((entry) => ({
    entry,
    name: entry.name.slice(entry.name.indexOf('/') + 1),
  }));
  const hasEntry = (test: (name: string) => boolean) => inDirectory.some(({ name }) => test(name));
  if (hasEntry((name) => name === 'constants.pkl') && hasEntry((name) => name.startsWith('code/'))) {
    return { kind: 'torchscript', arguments: await findForwardArguments(handle, inDirectory) };
  }
  if (hasEntry((name) => name === 'archive_format' || name.startsWith('serialized_exported_program'))) {
    return { kind: 'exported' };
  }
  return { kind: hasEntry((name) => name === 'data.pkl') ? 'state-dict' : 'other' };
}

/** Finds the argument names of the root module's forward() in the code, which TorchScript stores as text. */
async function findForwardArguments(
  handle: FileHandle,
  entries: readonly { entry: ZipEntry; name: string }[],
): Promise<string[] | undefined> {
  const read = async (wanted: string): Promise<string | undefined> => {
    const found = entries.find(({ name }) => name === wanted);
    return found === undefined
      ? undefined
      : (await readZipEntry(handle, found.entry, longestCodeBytes)).toString('utf8');
  };
  try {
    // The first GLOBAL of the pickle is the class of the root module: c MODULE \n CLASS \n.
    const root = /c(?<module>__torch__[\w.]*)\n(?<className>\w+)\n/.exec((await read('data.pkl')) ?? '');
    const { module = '', className = '' } = root?.groups ?? {};
    const code = await read(`code/${module.replaceAll('.', '/')}.py`);
    const classStart = code?.search(new RegExp(`^class ${className}\\(Module\\):`, 'm')) ?? -1;
    if (code === undefined || classStart < 0) {
      return undefined;
    }
    const [, body = ''] = code.slice(classStart).split(/^class .*$/m);
    return parseArgumentNames(body);
  } catch (error) {
    if (error instanceof ZipError) {
      return undefined;
    }
    throw error;
  }
}

function parseArgumentNames(classBody: string): string[] | undefined {
  const start = /^ {2}def forward\(/m.exec(classBody);
  if (start === null) {
    return undefined;
  }
  const names: string[] = [];
  let depth = 1;
  let argument = '';
  for (const character of classBody.slice(start.index + start[0].length)) {
    depth += '([{'.includes(character) ? 1 : ')]}'.includes(character) ? -1 : 0;
    if (depth === 0 || (depth === 1 && character === ',')) {
      names.push(/^\s*(\w+)/.exec(argument)?.[1] ?? '');
      argument = '';
    } else {
      argument += character;
    }
    if (depth === 0) {
      return names.slice(1);
    }
  }
  return undefined;
}
