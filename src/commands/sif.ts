import path from 'node:path';
import type { Context } from '../support/context.ts';
import { jsonOption } from './common-options.ts';
import { defineVerb, missingVerb, type BindVerb } from './verb.ts';

const list = defineVerb({
  command: 'list <file>',
  summary: 'List the objects of a SIF, or the files in it',
  options: (yargs) =>
    yargs
      .positional('file', { type: 'string', demandOption: true, describe: 'A SIF, or a squashfs as it is' })
      .option('tree', { type: 'boolean', default: false, describe: 'List the files of the root file system' })
      .option('long', {
        type: 'boolean',
        default: false,
        describe: 'List the files with mode, owner, size or device, time in UTC and target',
      })
      .option('json', jsonOption)
      .example('$0 sif list triton.sif', 'List type, offset, size and format of each object')
      .example('$0 sif list triton.sif --long', 'List every file in the format of `unsquashfs -lls`'),
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
  summary: 'Read everything in a SIF and report the first error',
  options: (yargs) =>
    yargs
      .positional('file', { type: 'string', demandOption: true, describe: 'A SIF, or a squashfs as it is' })
      .option('json', jsonOption)
      .example('$0 sif check triton.sif', 'Check a SIF, for example after copying it to the cluster')
      .example('$0 sif check triton.sif --json', 'Output the result as JSON, with counts of what was read'),
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

/** The verb `sif`, which lists and checks the contents of a SIF. */
export const sif: BindVerb = (context, done) => ({
  command: 'sif',
  describe: 'List the contents of a SIF, or check them',
  builder: (yargs) => {
    for (const bind of [list, check]) {
      yargs.command(bind(context, done));
    }
    return yargs.demandCommand(1, missingVerb);
  },
  handler: () => undefined,
});
