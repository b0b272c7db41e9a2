import { execFileSync } from 'node:child_process';
import { closeSync, linkSync, openSync, readSync, writeSync } from 'node:fs';

/* Layers of the measured images; each function creates one at `to`. */

export function linkOf(file: string, to: string): string {
  linkSync(file, to);
  return to;
}

export function tarOf(directory: string, name: string, to: string): string {
  execFileSync('tar', ['--create', '--sort=name', '--directory', directory, '--file', to, name]);
  return to;
}

/** Writes files of 0 to 8 KiB of words, the same ones every time. */
export function smallFiles(to: string, from: number, end: number): string {
  const file = openSync(to, 'w');
  const words = 'lorem ipsum dolor sit amet consetetur sadipscing elitr sed diam nonumy eirmod tempor'.split(
    ' ',
  );
  let state = from + 1;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let number = from; number < end; number += 1) {
    const parts = [];
    let left = random(8193);
    while (left > 0) {
      const part = `${words[random(words.length)] ?? ''}${random(1000)} `.slice(0, left);
      parts.push(part);
      left -= part.length;
    }
    const data = Buffer.from(parts.join(''));
    const name = `data/${String(number % 100).padStart(2, '0')}/${String(number).padStart(6, '0')}.txt`;
    writeSync(file, Buffer.concat([tarHeader(name, data.length), data, padding(data.length)]));
  }
  writeSync(file, Buffer.alloc(1024));
  closeSync(file);
  return to;
}

/** Writes a 16 MiB file like the others, with different bytes that compress equally well. */
export function slicesOf(source: string, to: string, key: number): string {
  const [from, file] = [openSync(source, 'r'), openSync(to, 'w')];
  const slice = Buffer.alloc(16 * 1024 * 1024);
  for (let number = 0; ; number += 1) {
    const data = slice.subarray(0, readSync(from, slice));
    if (data.length === 0) {
      break;
    }
    for (let at = 0; at < data.length; at += 1) {
      data[at] = (data[at] ?? 0) ^ key;
    }
    const header = tarHeader(`slices-${key}/${number}`, data.length);
    writeSync(file, Buffer.concat([header, data, padding(data.length)]));
  }
  writeSync(file, Buffer.alloc(1024));
  closeSync(from);
  closeSync(file);
  return to;
}

function tarHeader(name: string, sizeBytes: number): Buffer {
  const header = Buffer.alloc(512);
  const octal = (value: number, at: number, length: number) =>
    header.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at);
  header.write(name, 0);
  octal(0o644, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(sizeBytes, 124, 12);
  octal(1_700_000_000, 136, 12);
  header.write('        0', 148);
  header.write('ustar\x0000', 257);
  octal(
    header.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  return header;
}

function padding(bytes: number): Buffer {
  return Buffer.alloc((512 - (bytes % 512)) % 512);
}
