import { findNearest } from '../../support/text/suggest.ts';
import { backends, type Backend, isEnsemble } from '../backends.ts';
import { listEntries, getText } from '../config/access.ts';
import type { Message } from '../config/message.ts';
import type { Location, Reporter } from '../finding.ts';
import type { ModelDirectory } from '../repository.ts';

/** Returns the position of a field, or the beginning of the configuration without it. */
export function getPosition(message: Message, field: string): Location {
  return listEntries(message, field)[0]?.position ?? message.position;
}

/** Checks the model's name and its backend. */
export function checkNames(model: ModelDirectory, backend: Backend | undefined, report: Reporter): void {
  const { config, name: directory } = model;
  if (!/^[\w.-]+$/.test(directory)) {
    const fix = 'use letters, digits, dot, dash and underscore';
    const severity = backend?.name === 'python' ? 'error' : 'warning';
    report[severity](
      model.directory,
      'with this name the Python backend, and so the server, never becomes ready',
      fix,
    );
  }
  if (config === undefined) {
    return;
  }
  const name = getText(config, 'name');
  if (name !== '' && name !== directory) {
    report.error(
      getPosition(config, 'name'),
      `the directory is called ${directory}, the model ${name}: Triton ignores the model and does not report this to the client`,
      `write name: "${directory}", or rename the directory to ${name}`,
    );
  }
  if (!isEnsemble(model)) {
    checkBackend(config, backend, model, report);
  }
}

function checkBackend(
  config: Message,
  backend: Backend | undefined,
  { versions }: ModelDirectory,
  report: Reporter,
): void {
  const platform = getText(config, 'platform');
  const name = getText(config, 'backend');
  const names = [...new Set(backends.map((known) => known.name))];
  if (backend === undefined) {
    const platforms = backends.flatMap((known) => known.platforms);
    const meant = findNearest(platform, platforms);
    const fix = meant === undefined ? 'write backend: "NAME" instead' : `write platform: "${meant}"`;
    if (name === '' && platform === '') {
      report.error(
        config.position,
        'neither platform nor backend is set, so no backend executes the model',
        'write backend: "pytorch", or another one',
      );
    } else {
      report.error(getPosition(config, 'platform'), `no known backend has the platform "${platform}"`, fix);
    }
  } else if (!names.includes(backend.name)) {
    const meant = findNearest(backend.name, names);
    const what = `"${backend.name}" is not one of Triton's backends`;
    const library = `libtriton_${backend.name}.so`;
    if (versions.some(({ files }) => files.includes(library))) {
      return;
    }
    if (meant === undefined) {
      report.warning(
        getPosition(config, 'backend'),
        what,
        `make sure that the image has backends/${backend.name}, or put ${library} beside the model`,
      );
    } else {
      report.error(getPosition(config, 'backend'), what, `write backend: "${meant}"`);
    }
  }
}
