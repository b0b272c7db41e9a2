import path from 'node:path';
import { listServedVersions } from '../backends.ts';
import { listMessages, listNumbers } from '../config/access.ts';
import type { Reporter } from '../finding.ts';
import type { ModelDirectory } from '../repository.ts';
import { getPosition } from './names.ts';

/** Directories beside the versions that Triton or a backend reads. */
const knownDirectories = ['warmup', 'initial_state', 'configs', 'labels'];

/** Checks the versions, and that the version policy selects one. */
export function checkVersions(model: ModelDirectory, report: Reporter): void {
  const { directory, versions, otherDirectories, config } = model;
  for (const name of otherDirectories) {
    if (/^0\d+$/.test(name)) {
      const fix = `rename it to ${Number(name)}`;
      report.warning(path.join(directory, name), 'Triton ignores a version with leading zeros', fix);
    } else if (!knownDirectories.includes(name) && !name.startsWith('.')) {
      const fix = 'a version is a whole number, such as 1; move other files elsewhere';
      report.warning(path.join(directory, name), 'this directory is not a version: Triton ignores it', fix);
    }
  }
  if (versions.length === 0) {
    report.error(directory, 'the model has no version', `put it into ${path.join(directory, '1')}`);
    return;
  }
  for (const { number, directory: version } of versions) {
    if (number >= 2 ** 63) {
      report.error(version, 'a version number of this size terminates the server', 'use a smaller number');
    }
  }
  const [policy] = config === undefined ? [] : listMessages(config, 'version_policy');
  const [specific] = policy === undefined ? [] : listMessages(policy, 'specific');
  if (policy === undefined) {
    return;
  }
  const present = versions.map(({ number }) => number);
  const missing = (specific === undefined ? [] : listNumbers(specific, 'versions')).filter(
    (number) => !present.includes(number),
  );
  if (listServedVersions(model).length === 0) {
    const fix = `the versions are ${present.join(', ')}`;
    report.error(policy.position, 'the version policy selects no version to serve', fix);
  } else if (missing.length > 0) {
    const fix = `the versions are ${present.join(', ')}`;
    report.warning(getPosition(policy, 'specific'), `there is no version ${missing.join(', ')}`, fix);
  }
}
