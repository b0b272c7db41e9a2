import path from 'node:path';
import type { Context } from '../support/context.ts';
import { UsageError } from '../support/errors.ts';
import { readTextIfPresent } from '../support/files/file-access.ts';
import { findNearest } from '../support/text/suggest.ts';
import { readTrustedText } from '../support/files/ownership.ts';
import { listPackageDirectory, readPackageFile } from '../support/package/package-files.ts';
import { parseYaml, parseYamlWithLines } from '../support/text/yaml.ts';
import { type CompleteSettings, defaultSettings } from './defaults.ts';
import { findProject, type FoundProject } from './find-project.ts';
import { type Layer, mergeLayers } from './layers.ts';
import { projectSchema, type Settings, type SiteNeed, siteSchema } from './schema.ts';

const sitesDirectory = 'slurm/sites';

/** Directory with its settings; without an `hpc-gat.yaml` the working directory with the defaults. */
export interface Project {
  /**
   * Absolute path of the directory that contains `.hpc-gat/` and against which relative paths in the settings
   * are resolved.
   */
  readonly root: string;
  readonly site: string;
  /** Settings that the site requires from every user. */
  readonly needs?: readonly SiteNeed[];
  /** Compression of images that the site's profile sets. */
  readonly siteCompression?: string | undefined;
  readonly settings: CompleteSettings;
}

export interface LoadOptions {
  /** Settings from the command line, which take precedence over all others. */
  readonly flags?: Settings;
  /**
   * Configuration file to use instead of HPC_GAT_CONFIG, or of the nearest `hpc-gat.yaml` at or above the
   * working directory.
   */
  readonly configFile?: string | undefined;
  /** Site profile to use instead of the project's. */
  readonly site?: string | undefined;
}

/** Settings of a project before they are merged. */
export interface LayeredProject {
  readonly root: string;
  readonly site: string;
  readonly needs: readonly SiteNeed[];
  readonly siteCompression: string | undefined;
  /** Origin of the site's name. */
  readonly siteOrigin: string;
  /** Layers, the first of which takes precedence. */
  readonly layers: readonly Layer[];
}

/**
 * Reads the project that the working directory belongs to.
 *
 * @throws {UsageError} for a file that is missing, is not YAML or has an unknown key or an unusable value.
 */
export async function loadProject(
  context: Pick<Context, 'cwd' | 'env' | 'output'>,
  options: LoadOptions = {},
): Promise<Project> {
  const { root, site, needs, siteCompression, layers } = await loadLayers(context, options);
  // The defaults are the lowest layer, so that what they name is never missing.
  return { root, site, needs, siteCompression, settings: mergeLayers(layers) as CompleteSettings };
}

/** Reads the project that the working directory belongs to, with the origins of its values. */
export async function loadLayers(
  context: Pick<Context, 'cwd' | 'env' | 'output'>,
  { flags = {}, configFile: fileOption, site }: LoadOptions = {},
): Promise<LayeredProject> {
  const { cwd, env } = context;
  const configFile = fileOption ?? readVariable('HPC_GAT_CONFIG', env);
  const source =
    configFile === undefined ? await findProject(context) : await readNamed(path.resolve(cwd, configFile));
  const project = source === undefined ? undefined : parseProject(source, cwd);
  const chosen = chooseSite(site, env, project);
  const root = source === undefined ? cwd : path.dirname(source.file);
  const { needs, profile } = await readSite(chosen.site, chosen.isOfProject ? root : cwd, {
    isFound: chosen.isOfProject && configFile === undefined,
  });
  return {
    root,
    site: chosen.site,
    siteOrigin: chosen.siteOrigin,
    needs,
    siteCompression: profile.image?.compression,
    layers: [
      { origin: 'command line', settings: flags },
      ...createEnvironmentLayers(env),
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

/** Reads a file that the user named and therefore trusts, whatever its owner and mode. */
async function readNamed(file: string): Promise<FoundProject> {
  const text = await readTextIfPresent(file, { isStrict: true });
  if (text === undefined) {
    throw new UsageError(`no configuration file ${file}`, {
      fix: 'check the path given with --config or HPC_GAT_CONFIG',
    });
  }
  return { file, text };
}

function parseProject({ file, text }: FoundProject, cwd: string): ProjectLayer {
  const { value, lineOf } = parseYamlWithLines(projectSchema.nullable(), text, {
    what: 'configuration',
    file,
  });
  // A file that contains only comments sets nothing.
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
  const variable = readVariable('HPC_GAT_SITE', env);
  if (flag !== undefined) {
    return { site: flag, siteOrigin: 'command line', isOfProject: false };
  }
  if (variable !== undefined) {
    return { site: variable, siteOrigin: formatVariableOrigin('HPC_GAT_SITE'), isOfProject: false };
  }
  return project?.site === undefined
    ? { site: 'generic', siteOrigin: 'default', isOfProject: false }
    : { site: project.site, siteOrigin: project.origin(['site']), isOfProject: true };
}

/**
 * Reads a site profile: a name selects a bundled profile; a text with a slash is a file, resolved against `directory`.
 *
 * @param isFound whether the name comes from a configuration file that was found by searching: the profile also holds
 *   shell commands, and is trusted no more than that file.
 */
export async function readSite(name: string, directory: string, { isFound = false } = {}) {
  const own = name.includes('/');
  const file = own ? path.resolve(directory, name) : path.join(sitesDirectory, `${name}.yaml`);
  const text = await (own ? readProfile(file, isFound) : readPackageFile(file));
  if (text === undefined) {
    throw new UsageError(`no site profile "${name}" (${file})`, {
      fix: `${suggestSites(name, await listSites())}see docs/guides/sites.md for all, or give the path of your own profile`,
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

async function readProfile(file: string, isFound: boolean): Promise<string | undefined> {
  if (!isFound) {
    return readTextIfPresent(file, { isStrict: true });
  }
  const read = await readTrustedText(file);
  if (read !== undefined && 'distrust' in read) {
    throw new UsageError(`the site profile ${file} is not used: ${read.distrust}`, {
      fix: `to use it anyway: --site ${file}`,
    });
  }
  return read?.text;
}

/** Lists the names of the bundled profiles. */
export async function listSites(): Promise<string[]> {
  return (await listPackageDirectory(sitesDirectory)).map((entry) => path.basename(entry, '.yaml'));
}

/**
 * Formats a suggestion, `did you mean "alliance-narval"? `: the names that contain this one, else a similar
 * one; empty without any.
 */
function suggestSites(name: string, known: readonly string[]): string {
  const lowerCase = name.toLowerCase();
  const containing = known.filter((site) => lowerCase !== '' && site.includes(lowerCase));
  const similar = findNearest(lowerCase, known);
  const suggested = containing.length > 0 || similar === undefined ? containing : [similar];
  return suggested.length === 0 ? '' : `did you mean ${suggested.map((site) => `"${site}"`).join(' or ')}? `;
}

/** Returns a layer for each environment variable that sets a value. */
function createEnvironmentLayers(env: Context['env']): Layer[] {
  const variables = [
    { name: 'HPC_GAT_PARTITION', key: 'partition' },
    { name: 'HPC_GAT_ACCOUNT', key: 'account' },
  ];
  return variables.map(({ name, key }) => {
    const job = { [key]: readVariable(name, env) };
    return { origin: formatVariableOrigin(name), settings: { slurm: { ...job, gpu: job } } };
  });
}

/** Returns the value of an environment variable; undefined when it is empty. */
function readVariable(name: string, env: Context['env']): string | undefined {
  return env[name] === '' ? undefined : env[name];
}

function formatVariableOrigin(name: string): string {
  return `environment variable ${name}`;
}
