import { access } from 'node:fs/promises';
import path from 'node:path';
import { listMessages, listTexts } from '../config/access.ts';
import type { Message } from '../config/message.ts';
import type { Reporter } from '../finding.ts';

/**
 * Checks that the files exist that a configuration names besides the model: labels of outputs, inputs of
 * warm-ups.
 */
export async function checkNamedFiles(directory: string, config: Message, report: Reporter): Promise<void> {
  const labels = listMessages(config, 'output').flatMap((output) => listTexts(output, 'label_filename'));
  const warmups = listMessages(config, 'model_warmup')
    .flatMap((warmup) => listMessages(warmup, 'inputs'))
    .flatMap((entry) => listMessages(entry, 'value'))
    .flatMap((input) => listTexts(input, 'input_data_file'));
  await checkFiles(directory, labels, report);
  await checkFiles(path.join(directory, 'warmup'), warmups, report);
}

async function checkFiles(
  directory: string,
  names: ReturnType<typeof listTexts>,
  report: Reporter,
): Promise<void> {
  for (const { text, position } of names) {
    const file = path.join(directory, text);
    try {
      await access(file);
    } catch {
      report.error(position, `there is no file ${file}`, 'put it there, or correct the name');
    }
  }
}
