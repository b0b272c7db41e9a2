import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Context } from '../support/context.ts';
import { UsageError } from '../support/errors.ts';
import { readTextIfPresent } from '../support/files.ts';
import { nearest } from '../support/nearest.ts';
import { packageRoot } from '../support/package-root.ts';
import { parseYaml } from '../support/yaml.ts';
import { type CompleteSettings, defaultSettings } from './defaults.ts';
import { type Layer, mergeLayers } from './layers.ts';
import { projectSchema, type Settings, siteSchema } from './schema.ts';

export const projectFileName = 'hpc-gat.yaml';

const sitesFolder = path.join(packageRoot, 'slurm', 'sites');

/** A folder with its settings; without an `hpc-gat.yaml` the working directory and the defaults. */
export interface Project {
  /** Absolute folder from which relative paths in the settings are resolved, and that holds `.hpc-gat/`. */
  readonly root: string;
  readonly site: string;
  readonly settings: CompleteSettings;
}

export interface LoadOptions {
  /** What the command line says; on top of everything else. */
  readonly flags?: Settings;
  /** A configuration file to use instead of the nearest `hpc-gat.yaml` at or above the working directory. */
  readonly configFile?: string | undefined;
  /** A site profile to use instead of the project's. */
  readonly site?: string | undefined;
}

/**
 * Reads the project that the working directory belongs to.
 *
 * @throws {UsageError} for a file that is missing, is not YAML or has an unknown key or an unusable value.
 */
export async function loadProject(
  { cwd, env }: Pick<Context, 'cwd' | 'env'>,
  { flags = {}, configFile, site }: LoadOptions = {},
): Promise<Project> {
  const file = configFile === undefined ? findUpwards(cwd) : path.resolve(cwd, configFile);
  const { site: projectSite, ...project } = file === undefined ? {} : await readProject(file);
  const siteName = site ?? env.HPC_GAT_SITE ?? projectSite ?? 'generic';
  const { description, ...profile } = await readSite(siteName, cwd);
  const layers: Layer[] = [
    { origin: 'command line', settings: flags },
    { origin: 'environment', settings: fromEnvironment(env) },
    { origin: file ?? 'no project file', settings: project },
    { origin: `site ${siteName}`, settings: profile },
    { origin: 'default', settings: defaultSettings },
  ];
  return {
    root: file === undefined ? cwd : path.dirname(file),
    site: siteName,
    // The defaults are the lowest layer, so that what they name is never missing.
    settings: mergeLayers(layers) as CompleteSettings,
  };
}

async function readProject(file: string) {
  const text = await readTextIfPresent(file);
  if (text === undefined) {
    throw new UsageError(`no configuration file ${file}`, { fix: 'check the path given with --config' });
  }
  return parseYaml(projectSchema, text, { what: 'configuration', file });
}

/** A name is one of the profiles that come along; anything with a slash is a file of the user's own. */
async function readSite(name: string, cwd: string) {
  const file = name.includes('/') ? path.resolve(cwd, name) : path.join(sitesFolder, `${name}.yaml`);
  const text = await readTextIfPresent(file);
  if (text === undefined) {
    const known = (await readdir(sitesFolder)).map((entry) => path.basename(entry, '.yaml'));
    const meant = nearest(name, known);
    throw new UsageError(`no site profile "${name}" (${file})`, {
      fix: `${meant === undefined ? '' : `did you mean "${meant}"? `}known sites: ${known.join(', ')}; or a path to a file of your own`,
    });
  }
  return parseYaml(siteSchema, text, { what: 'site profile', file });
}

function findUpwards(folder: string): string | undefined {
  const file = path.join(folder, projectFileName);
  if (existsSync(file)) {
    return file;
  }
  const parent = path.dirname(folder);
  return parent === folder ? undefined : findUpwards(parent);
}

function fromEnvironment(env: Context['env']): Settings {
  const job = {
    ...(env.HPC_GAT_PARTITION !== undefined && { partition: env.HPC_GAT_PARTITION }),
    ...(env.HPC_GAT_ACCOUNT !== undefined && { account: env.HPC_GAT_ACCOUNT }),
  };
  return { slurm: { ...job, gpu: job } };
}
