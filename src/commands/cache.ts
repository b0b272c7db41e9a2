import { UsageError } from '../support/errors.ts';
import type { Context } from '../support/context.ts';
import { dryRunOption, jsonOption, withProjectOptions } from './common-options.ts';
import { defineVerb, missingVerb, type BindVerb } from './verb.ts';

const list = defineVerb({
  command: 'list',
  summary: 'List the cached layers, least recently used first',
  options: (yargs) =>
    withProjectOptions(yargs)
      .option('json', jsonOption)
      .example('$0 cache list', 'Print layer, compression, size and last use, and the total size'),
  handle: async (args, context) => {
    const { listCache } = await import('../image/convert/cache/list-cache.ts');
    const { formatCacheList } = await import('../image/convert/cache/format-cache.ts');
    const cache = await findCache(args, context);
    const contents = await listCache(cache.directory, context.clock.now());
    if (args.json) {
      context.output.json({ folder: cache.directory, limitBytes: cache.limitBytes, ...contents });
      return 0;
    }
    for (const line of formatCacheList(cache, contents)) {
      context.output.result(line);
    }
    return 0;
  },
});

const prune = defineVerb({
  command: 'prune',
  summary: 'Delete cached layers above the size limit and files of killed processes',
  options: (yargs) =>
    withProjectOptions(yargs)
      .option('all', { type: 'boolean', default: false, describe: 'Delete all layers' })
      .option('unused-for', {
        type: 'number',
        requiresArg: true,
        describe: 'Also delete layers that were not used for this number of days',
      })
      .option('dry-run', dryRunOption)
      .option('json', jsonOption)
      .example('$0 cache prune --unused-for 30', 'Delete layers that were not used for 30 days')
      .example('$0 cache prune --all', 'Delete all layers; the next conversion converts every layer again'),
  handle: async (args, context) => {
    const { unusedFor = Number.POSITIVE_INFINITY, all, dryRun } = args;
    if (!(unusedFor >= 0)) {
      throw new UsageError('--unused-for requires a number of days', { fix: 'write --unused-for 30' });
    }
    const { sumSizes, listCache, removeFiles, selectEvicted } =
      await import('../image/convert/cache/list-cache.ts');
    const { formatPruned } = await import('../image/convert/cache/format-cache.ts');
    const cache = await findCache(args, context);
    const now = context.clock.now();
    const { entries, leftovers } = await listCache(cache.directory, now);
    const isOld = ({ usedAt }: { usedAt: Date }) =>
      now.getTime() - usedAt.getTime() >= unusedFor * 86_400_000;
    const young = entries.filter((entry) => !isOld(entry));
    const going = [
      ...entries.filter(isOld),
      ...(all ? young : selectEvicted(young, cache.limitBytes)),
      ...leftovers,
    ];
    if (!dryRun) {
      await removeFiles(going);
    }
    if (args.json) {
      const removed = going.map(({ file, sizeBytes }) => ({ file, sizeBytes }));
      context.output.json({ dryRun, removed, bytes: sumSizes(going) });
    } else {
      context.output.result(formatPruned(cache, going, dryRun));
    }
    return 0;
  },
});

async function findCache(
  { config, site }: { config?: string | undefined; site?: string | undefined },
  context: Context,
) {
  const { loadProject } = await import('../config/load.ts');
  const { getCacheConfig } = await import('../image/convert/cache/cache-config.ts');
  const { settings } = await loadProject(context, { configFile: config, site });
  const cache = getCacheConfig(settings.cache, context);
  if (cache === undefined) {
    throw new UsageError('there is no layer cache: HOME is not set, and this user has no home directory', {
      fix: 'set cache.folder in hpc-gat.yaml, or XDG_CACHE_HOME',
    });
  }
  return cache;
}

/** The verb `cache`, which manages the layer cache of make-sif. */
export const cache: BindVerb = (context, done) => ({
  command: 'cache',
  describe: 'List or delete layers in the layer cache of make-sif',
  builder: (yargs) => {
    for (const bind of [list, prune]) {
      yargs.command(bind(context, done));
    }
    return yargs.demandCommand(1, missingVerb);
  },
  handler: () => undefined,
});
