import path from 'node:path';
import type { Context } from '../support/context.ts';
import { jsonOption } from './common-options.ts';
import { defineVerb, missingVerb, type BindVerb } from './verb.ts';

const list = defineVerb({
  command: 'list <file>',
  summary: 'The objects of a SIF, or the files in it',
  options: (yargs) =>
    yargs
      .positional('file', { type: 'string', demandOption: true, describe: 'A SIF, or a squashfs as it is' })
      .option('tree', { type: 'boolean', default: false, describe: 'The files of its system partition' })
      .option('long', {
        type: 'boolean',
        default: false,
        describe: 'The same with mode, owner, size or device, time in UTC and target',
      })
      .option('json', jsonOption)
      .example('$0 sif list triton.sif', 'Type, place, size, architecture, codec, block size')
      .example('$0 sif list triton.sif --long', 'Every file, as `unsquashfs -lls` lists them'),
  handle: async (args, context) => {
    const file = path.resolve(context.cwd, args.file);
    await (args.tree || args.long ? printFiles(file, args, context) : printObjects(file, args, context));
    return 0;
  },
});

async function printObjects(file: string, { json }: { json: boolean }, { output }: Context): Promise<void> {
  const { listObjects } = await import('../image/inspect/list-objects.ts');
  const { formatObjectTable } = await import('../image/inspect/object-lines.ts');
  const objects = await listObjects(file);
  if (json) {
    output.json(objects);
    return;
  }
  for (const line of formatObjectTable(objects)) {
    output.result(line);
  }
}

async function printFiles(
  file: string,
  { json, long }: { json: boolean; long: boolean },
  { output, signal }: Context,
): Promise<void> {
  const { listFiles } = await import('../image/inspect/list-files.ts');
  const { formatLongLine, formatName } = await import('../image/inspect/file-lines.ts');
  const files = [];
  for await (const found of listFiles(file)) {
    signal.throwIfAborted();
    if (json) {
      const { path: name, target } = found;
      files.push({
        ...found,
        path: formatName(name),
        ...(target !== undefined && { target: formatName(target) }),
      });
    } else {
      output.result(long ? formatLongLine(found) : formatName(found.path));
    }
  }
  if (json) {
    output.json(files);
  }
}

const check = defineVerb({
  command: 'check <file>',
  summary: 'Read everything in a SIF, and say what is wrong first',
  options: (yargs) =>
    yargs
      .positional('file', { type: 'string', demandOption: true, describe: 'A SIF, or a squashfs as it is' })
      .option('json', jsonOption)
      .example('$0 sif check triton.sif', 'After a copy to the cluster, say')
      .example('$0 sif check triton.sif --json', 'With the counts of what was read'),
  handle: async (args, context) => {
    const { checkFile } = await import('../image/inspect/check-file.ts');
    const { formatReport } = await import('../image/inspect/format-report.ts');
    const report = await checkFile(path.resolve(context.cwd, args.file), context);
    if (args.json) {
      context.output.json(report);
    } else {
      for (const line of formatReport(report, args.file)) {
        context.output.result(line);
      }
    }
    return 0;
  },
});

/** `hpc-gat sif ACTION`: what is in a SIF. */
export const sif: BindVerb = (context, done) => ({
  command: 'sif',
  describe: 'What is in a SIF, and whether it is sound',
  builder: (yargs) => {
    for (const bind of [list, check]) {
      yargs.command(bind(context, done));
    }
    return yargs.demandCommand(1, missingVerb);
  },
  handler: () => undefined,
});
