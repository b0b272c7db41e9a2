import { copyFile, link, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { configurations, details } from './corpus/configurations.ts';
import { directories } from './corpus/model-directories.ts';
import type { CorpusModel } from './corpus/python-models.ts';
import { texts } from './corpus/texts.ts';
import { committed, torchModels } from './corpus/torch-models.ts';

/** Creates one model for each valid form of a configuration, and for each mistake. */
export async function corpus(): Promise<CorpusModel[]> {
  return [...texts, ...configurations, ...details, ...directories, ...(await torchModels())];
}

/** Writes models into a repository, with the committed model.pt as a link where that is possible. */
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
