import { isUtf8 } from 'node:buffer';
import { UsageError } from '../errors.ts';

/**
 * Decodes the text of a file, whose name the error contains.
 *
 * @throws {UsageError} with the position of the first byte that is not UTF-8, which would otherwise become another
 *   character (U+FFFD).
 */
export function decodeUtf8(bytes: Buffer, file: string): string {
  const text = bytes.toString('utf8');
  if (isUtf8(bytes)) {
    return text;
  }
  const decoded = Buffer.from(text);
  const offset = bytes.findIndex((byte, index) => byte !== decoded[index]);
  const line = bytes.subarray(0, offset).toString('latin1').split('\n').length;
  const byte = (bytes[offset] ?? 0).toString(16).padStart(2, '0');
  throw new UsageError(`${file} is not UTF-8: byte 0x${byte} at offset ${offset}, in line ${line}`, {
    fix: 'save it as UTF-8: iconv -f LATIN1 -t UTF-8, for example',
  });
}
