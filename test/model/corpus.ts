import { copyFile, link, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { configurations, details } from './corpus/configurations.ts';
import { folders } from './corpus/folders.ts';
import type { CorpusModel } from './corpus/python-models.ts';
import { texts } from './corpus/texts.ts';
import { committed, torchModels } from './corpus/torch-models.ts';

const seenOnce = new Set([
  'folder-latest-broken',
  // The server never gets ready.
  'folder with space',
  // It ends the whole server.
  'folder-version-huge',
  'torch-by-order',
  'torch-index-twice',
  'torch-no-input',
  'torch-type',
  'torch-empty',
  'torch-no-file',
  'torch-other-name',
  'torch-lfs',
  'torch-no-config',
  'torch-mixed-names',
  'torch-no-output',
]);

/** A model for each way in which a text can be written, and each mistake; made anew for each test. */
export async function corpus(): Promise<CorpusModel[]> {
  const models = [...texts, ...configurations, ...details, ...folders, ...(await torchModels())];
  return models.map((one) => (seenOnce.has(one.name) ? { ...one, seenOnce: true } : one));
}

/** Writes models into a repository; the committed model.pt as a link, where that can be. */
export async function writeModels(repository: string, models: readonly CorpusModel[]): Promise<void> {
  for (const { name, files } of models) {
    await mkdir(path.join(repository, name), { recursive: true });
    for (const [file, content] of Object.entries(files)) {
      const target = path.join(repository, name, file);
      await mkdir(path.dirname(target), { recursive: true });
      if (content === 'model.pt') {
        await link(committed, target).catch(() => copyFile(committed, target));
      } else {
        await writeFile(
          target,
          name === 'text-bom' && file === 'config.pbtxt' ? `\uFEFF${String(content)}` : content,
        );
      }
    }
  }
}
