import { access } from 'node:fs/promises';
import path from 'node:path';
import { messagesOf, textsOf } from '../config/access.ts';
import type { Message } from '../config/message.ts';
import type { Reporter } from '../finding.ts';

/** Files that a configuration names besides the model: labels of outputs, inputs of warm-ups. */
export async function checkNamedFiles(directory: string, config: Message, report: Reporter): Promise<void> {
  const labels = messagesOf(config, 'output').flatMap((output) => textsOf(output, 'label_filename'));
  const warmups = messagesOf(config, 'model_warmup')
    .flatMap((warmup) => messagesOf(warmup, 'inputs'))
    .flatMap((entry) => messagesOf(entry, 'value'))
    .flatMap((input) => textsOf(input, 'input_data_file'));
  await expectFiles(directory, labels, report);
  await expectFiles(path.join(directory, 'warmup'), warmups, report);
}

async function expectFiles(
  directory: string,
  names: ReturnType<typeof textsOf>,
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
