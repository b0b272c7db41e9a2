import type { CompleteSettings } from '../../config/defaults.ts';
import type { Context } from '../../support/context.ts';
import { CommandFailedError } from '../../support/errors.ts';
import { endOrphan } from './end-orphan.ts';
import { findOrphans } from './find-orphans.ts';
import { endOrphansOnNode, type RemoteReport } from './end-orphans-on-node.ts';

export interface OrphanOptions {
  readonly dryRun: boolean;
  /** Compute node to clean up; this host when undefined. */
  readonly node: string | undefined;
  /** Options that choose the configuration, for hpc-gat on the node. */
  readonly args: readonly string[];
  readonly onFailure: (error: CommandFailedError) => void;
}

/** Cleans up after runs whose directories were removed, on this host or a compute node. One failure does not stop the rest. */
export async function cleanUpOrphans(
  context: Context,
  settings: CompleteSettings,
  { dryRun, node, args, onFailure }: OrphanOptions,
): Promise<RemoteReport[]> {
  const reports: RemoteReport[] = [];
  const attempt = async (act: () => Promise<void>): Promise<void> => {
    try {
      await act();
    } catch (error) {
      if (!(error instanceof CommandFailedError)) {
        throw error;
      }
      onFailure(error);
    }
  };
  if (node !== undefined) {
    const options = [...(dryRun ? ['--dry-run'] : []), ...args];
    await attempt(async () => {
      reports.push(...(await endOrphansOnNode(context, settings, { node, args: options })));
    });
    return reports;
  }
  for (const orphan of await findOrphans(context, settings)) {
    await attempt(async () => {
      const report = await endOrphan(context, settings, orphan, { dryRun });
      // `folders` is the former key of `directories`.
      reports.push({ ...report, folders: report.directories });
    });
  }
  return reports;
}
