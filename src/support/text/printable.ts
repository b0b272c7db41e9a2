/** Matches control characters (C0, C1), bidirectional and zero-width marks, line separators and lone surrogates. */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Length limit of external texts in messages. */
const maxCharacters = 120;

/** Escapes an external text for a message: one line, without control characters, truncated if it is long. */
export function toPrintable(text: string): string {
  const shown = escape(text.slice(0, maxCharacters));
  return text.length > maxCharacters ? `${shown}...` : shown;
}

/**
 * Escapes a file name for a message. Each character of the name holds one byte, which is decoded as UTF-8
 * where valid and else shown as `\xNN`.
 */
export function toPrintableBytes(name: string): string {
  return decodeName(name, toPrintable);
}

/** Escapes a file name as {@link printableBytes} does, without truncating it. */
export function escapeBytes(name: string): string {
  return decodeName(name, escape);
}

function decodeName(name: string, show: (text: string) => string): string {
  const bytes = Buffer.from(name, 'latin1');
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes)
    ? show(text)
    : show(name).replace(/[\u0080-\u00ff]/g, (character) => hexadecimal(character));
}

/** Escapes control characters, bidirectional marks and zero-width characters. */
export function escape(text: string): string {
  return text.replace(unprintable, hexadecimal);
}

/** Escapes control characters in a text of several lines, except for line feeds and tabs. */
export function escapeLines(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replace(/\r$/, '')
    .replace(unprintable, (character) =>
      character === '\n' || character === '\t' ? character : hexadecimal(character),
    );
}

/** Escapes control characters in a JSON document, whose meaning does not change. */
export function escapeJson(text: string): string {
  return text.replace(unprintable, (character) =>
    character === '\n'
      ? character
      : Array.from(
          { length: character.length },
          (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
        ).join(''),
  );
}

function hexadecimal(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const known = { 0: '\\0', 9: '\\t', 10: '\\n', 13: '\\r' }[code];
  return known ?? (code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`);
}
