import { toPrintable } from '../../support/text/printable.ts';
import { findUnusableNames } from '../convert/singularity-d/environment-lines.ts';
import { findArchMismatch } from '../inspect/find-arch-mismatch.ts';

import { findRestrictedProgram, type RestrictedProgram } from '../inspect/find-restricted-program.ts';
import { visitSquashfs } from '../inspect/visit-squashfs.ts';
import type { ImageDescription } from '../source/image-config.ts';

/** Maximum number of names in a warning. */
const maxListed = 5;

/**
 * Warns about properties of an image that prevent it from working as intended. The image is converted nevertheless.
 *
 * @param sif path of the converted image.
 * @param architecture architecture of the SIF, in Go's terms.
 */
export async function warnAboutImage(
  sif: string,
  architecture: string,
  description: ImageDescription,
  warn: (message: string) => void,
): Promise<void> {
  const names = findUnusableNames(description.env);
  if (names.length > 0) {
    const more = names.length > maxListed ? `, and ${names.length - maxListed} more` : '';
    const listed = names.slice(0, maxListed).map((name) => `"${toPrintable(name)}"`);
    warn(`no shell accepts these names of the image's ENV, which are not set: ${listed.join(', ')}${more}`);
  }
  // The SIF was already verified; a read error is not reported here.
  await visitSquashfs(sif, async (image) => {
    // The image is mislabeled: only its author knows which of the two architectures is right.
    const mismatch = await findArchMismatch(image, architecture, description.entrypoint);
    if (mismatch !== undefined) {
      warn(
        `the image is labeled for ${architecture}, but its ${toPrintable(mismatch.path)} is for ${mismatch.architecture} and will not start there`,
      );
    }
    const restricted = await findRestrictedProgram(image, description);
    if (restricted !== undefined) {
      warn(formatRestricted(restricted));
    }
  }).catch(() => undefined);
}

function formatRestricted({ path, denied, mode, owner }: RestrictedProgram): string {
  const what = denied === path ? 'it' : toPrintable(denied);
  const who = owner === 0 ? 'root' : `user ${owner}`;
  return `ordinary users cannot start ${toPrintable(path)} of the image: ${what} belongs to ${who} and has mode ${mode.toString(8).padStart(4, '0')}; Apptainer starts it as the user, Docker as root`;
}
