import { parseTextFormat } from '../../formats/pbtxt/parse.ts';
import { type Fault, SyntaxFault } from '../../formats/pbtxt/position.ts';
import { type Message, readMessage } from './message.ts';

export interface ParsedConfig {
  /** What could be understood; undefined when the text is broken. */
  readonly config: Message | undefined;
  /** In the order of the file. Triton loads no file that has one. */
  readonly faults: readonly Fault[];
}

/** Reads a config.pbtxt. A broken text gives one fault, a readable one a fault for each field that does not fit. */
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
