import { parseTextFormat } from '../../formats/pbtxt/parse.ts';
import { type Fault, SyntaxFault } from '../../formats/pbtxt/position.ts';
import { type Message, readMessage } from './message.ts';

export interface ParsedConfig {
  /** Parsed configuration; undefined when the text is not valid. */
  readonly config: Message | undefined;
  /** Faults in the order of the file. Triton loads no file that has one. */
  readonly faults: readonly Fault[];
}

/**
 * Parses a config.pbtxt. An invalid text gives one fault, a valid one a fault for each field that does not
 * fit.
 */
export function parseConfig(text: string): ParsedConfig {
  const faults: Fault[] = [];
  try {
    const config = readMessage('ModelConfig', parseTextFormat(text), faults);
    return { config, faults };
  } catch (error) {
    if (error instanceof SyntaxFault) {
      return { config: undefined, faults: [error] };
    }
    throw error;
  }
}
