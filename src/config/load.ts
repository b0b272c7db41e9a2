import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Context } from '../support/context.ts';
import { UsageError } from '../support/errors.ts';
import { readTextIfPresent } from '../support/files.ts';
import { nearest } from '../support/nearest.ts';
import { listPackageFolder, readPackageFile } from '../support/package-files.ts';
import { parseYaml, parseYamlWithLines } from '../support/yaml.ts';
import { type CompleteSettings, defaultSettings } from './defaults.ts';
import { type Layer, mergeLayers } from './layers.ts';
import { projectSchema, type Settings, type SiteNeed, siteSchema } from './schema.ts';

export const projectFileName = 'hpc-gat.yaml';

const sitesFolder = 'slurm/sites';

/** A folder with its settings; without an `hpc-gat.yaml` the working directory and the defaults. */
export interface Project {
  /** Absolute folder from which relative paths in the settings are resolved, and that holds `.hpc-gat/`. */
  readonly root: string;
  readonly site: string;
  /** What the site wants from everybody who submits there. */
  readonly needs?: readonly SiteNeed[];
  /** How the site's profile wants images to be compressed, where it says. */
  readonly siteCompression?: string | undefined;
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

/** What a project's settings are made of, before they are merged. */
export interface LayeredProject {
  readonly root: string;
  readonly site: string;
  readonly needs: readonly SiteNeed[];
  readonly siteCompression: string | undefined;
  /** Where the site's name comes from. */
  readonly siteOrigin: string;
  /** The first on top. */
  readonly layers: readonly Layer[];
}

/**
 * Reads the project that the working directory belongs to.
 *
 * @throws {UsageError} for a file that is missing, is not YAML or has an unknown key or an unusable value.
 */
export async function loadProject(
  context: Pick<Context, 'cwd' | 'env'>,
  options: LoadOptions = {},
): Promise<Project> {
  const { root, site, needs, siteCompression, layers } = await loadLayers(context, options);
  // The defaults are the lowest layer, so that what they name is never missing.
  return { root, site, needs, siteCompression, settings: mergeLayers(layers) as CompleteSettings };
}

/** The same project, with the origins of its values still told apart. */
export async function loadLayers(
  { cwd, env }: Pick<Context, 'cwd' | 'env'>,
  { flags = {}, configFile, site }: LoadOptions = {},
): Promise<LayeredProject> {
  const file = configFile === undefined ? findUpwards(cwd) : path.resolve(cwd, configFile);
  const project = file === undefined ? undefined : await readProject(file, cwd);
  const chosen = chooseSite(site, env, project);
  const root = file === undefined ? cwd : path.dirname(file);
  const { needs, profile } = await readSite(chosen.site, chosen.isOfProject ? root : cwd);
  return {
    root,
    site: chosen.site,
    siteOrigin: chosen.siteOrigin,
    needs,
    siteCompression: profile.image?.compression,
    layers: [
      { origin: 'command line', settings: flags },
      ...environmentLayers(env),
      ...(project === undefined ? [] : [project]),
      { origin: `site ${chosen.site}`, settings: profile },
      { origin: 'default', settings: defaultSettings },
    ],
  };
}

interface ProjectLayer extends Layer {
  readonly site: string | undefined;
  readonly origin: (path: readonly string[]) => string;
}

async function readProject(file: string, cwd: string): Promise<ProjectLayer> {
  const text = await readTextIfPresent(file);
  if (text === undefined) {
    throw new UsageError(`no configuration file ${file}`, { fix: 'check the path given with --config' });
  }
  const { value, lineOf } = parseYamlWithLines(projectSchema.nullable(), text, {
    what: 'configuration',
    file,
  });
  // A file of nothing but comments says nothing.
  const { site, ...settings } = value ?? {};
  const relative = path.relative(cwd, file);
  const shown = relative.startsWith('..') ? file : relative;
  return { site, settings, origin: (keys) => `${shown}:${lineOf(keys) ?? 1}` };
}

function chooseSite(
  flag: string | undefined,
  env: Context['env'],
  project: ProjectLayer | undefined,
): Pick<LayeredProject, 'site' | 'siteOrigin'> & { readonly isOfProject: boolean } {
  const variable = valueOf('HPC_GAT_SITE', env);
  if (flag !== undefined) {
    return { site: flag, siteOrigin: 'command line', isOfProject: false };
  }
  if (variable !== undefined) {
    return { site: variable, siteOrigin: fromVariable('HPC_GAT_SITE'), isOfProject: false };
  }
  return project?.site === undefined
    ? { site: 'generic', siteOrigin: 'default', isOfProject: false }
    : { site: project.site, siteOrigin: project.origin(['site']), isOfProject: true };
}

/** A name is one of the profiles that come along; anything with a slash is a file of the user's own, meant from `folder`. */
export async function readSite(name: string, folder: string) {
  const own = name.includes('/');
  const file = own ? path.resolve(folder, name) : path.join(sitesFolder, `${name}.yaml`);
  const text = await (own ? readTextIfPresent(file) : readPackageFile(file));
  if (text === undefined) {
    throw new UsageError(`no site profile "${name}" (${file})`, {
      fix: `${meantSites(name, await siteNames())}docs/sites.md has them all; or a path to a file of your own`,
    });
  }
  const {
    description,
    needs = [],
    sources = [],
    ...profile
  } = parseYaml(siteSchema, text, {
    what: 'site profile',
    file,
  });
  return { description, needs, sources, profile };
}

/** The profiles that come along. */
export async function siteNames(): Promise<string[]> {
  return (await listPackageFolder(sitesFolder)).map((entry) => path.basename(entry, '.yaml'));
}

/** `did you mean "alliance-narval"? `: names with this one in them, else one that is close; empty without any. */
function meantSites(name: string, known: readonly string[]): string {
  const asked = name.toLowerCase();
  const around = known.filter((site) => asked !== '' && site.includes(asked));
  const close = nearest(asked, known);
  const meant = around.length > 0 || close === undefined ? around : [close];
  return meant.length === 0 ? '' : `did you mean ${meant.map((site) => `"${site}"`).join(' or ')}? `;
}

function findUpwards(folder: string): string | undefined {
  const file = path.join(folder, projectFileName);
  if (existsSync(file)) {
    return file;
  }
  const parent = path.dirname(folder);
  return parent === folder ? undefined : findUpwards(parent);
}

/** The variables that set something, a layer each. */
function environmentLayers(env: Context['env']): Layer[] {
  const variables = [
    { name: 'HPC_GAT_PARTITION', key: 'partition' },
    { name: 'HPC_GAT_ACCOUNT', key: 'account' },
  ];
  return variables.map(({ name, key }) => {
    const job = { [key]: valueOf(name, env) };
    return { origin: fromVariable(name), settings: { slurm: { ...job, gpu: job } } };
  });
}

/** A variable that is empty says nothing. */
function valueOf(name: string, env: Context['env']): string | undefined {
  return env[name] === '' ? undefined : env[name];
}

function fromVariable(name: string): string {
  return `environment variable ${name}`;
}
