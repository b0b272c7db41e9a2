import type { Context } from '../support/context.ts';
import type { ConversionProgress } from './engine.ts';

export interface ProgressDisplay {
  readonly update: (progress: ConversionProgress) => void;
  readonly warn: (message: string) => void;
  /** Takes the line away and stops. */
  readonly end: () => void;
}

const redrawMs = 1000;

/** On a terminal one line that counts the seconds; elsewhere one line for each new step. */
export function showProgress({ output, clock }: Pick<Context, 'output' | 'clock'>): ProgressDisplay {
  const startedMs = clock.now().getTime();
  let current = '';
  let announced = '';
  const elapsed = () => `[${Math.round((clock.now().getTime() - startedMs) / 1000)} s]`;
  const redraw = () => {
    if (current !== '') {
      output.status(`${elapsed()} ${current}`);
    }
  };
  const timer = output.interactive ? setInterval(redraw, redrawMs) : undefined;
  timer?.unref();
  return {
    update: (progress) => {
      current = describe(progress);
      if (output.interactive) {
        redraw();
      } else if (progress.message !== announced) {
        output.info(`${elapsed()} ${progress.message}`);
        announced = progress.message;
      }
    },
    warn: (message) => {
      output.warn(message);
    },
    end: () => {
      clearInterval(timer);
      output.status('');
    },
  };
}

function describe({ message, doneBytes, totalBytes }: ConversionProgress): string {
  if (doneBytes === undefined) {
    return message;
  }
  const of = totalBytes === undefined ? '' : ` of ${(totalBytes / 1e6).toFixed(0)}`;
  return `${message}: ${(doneBytes / 1e6).toFixed(0)}${of} MB`;
}
