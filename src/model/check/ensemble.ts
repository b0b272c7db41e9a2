import { findNearest } from '../../support/text/suggest.ts';
import { listMessages, getText } from '../config/access.ts';
import type { Message } from '../config/message.ts';
import type { Reporter } from '../finding.ts';
import { getPosition } from './names.ts';

/** Checks that the models of an ensemble exist. */
export function checkEnsemble(config: Message, models: readonly string[], report: Reporter): void {
  const steps = listMessages(config, 'ensemble_scheduling').flatMap((ensemble) =>
    listMessages(ensemble, 'step'),
  );
  if (steps.length === 0) {
    report.error(
      getPosition(config, 'platform'),
      'an ensemble without a step',
      'write ensemble_scheduling { step [ ... ] }',
    );
  }
  for (const step of steps) {
    const name = getText(step, 'model_name');
    if (!models.includes(name)) {
      const meant = findNearest(name, models);
      const fix = meant === undefined ? 'add it, or remove the step' : `did you mean ${meant}?`;
      report.error(getPosition(step, 'model_name'), `there is no model "${name}" for this step`, fix);
    }
  }
}
