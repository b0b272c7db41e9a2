import { createHash } from 'node:crypto';
import { program } from './program.ts';

let compiled: WebAssembly.Module | undefined;

/** Compiled once; threads share it. */
export function deflateModule(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(Buffer.from(program, 'base64'));
  return compiled;
}

/** Of the program that makes the bytes: another one may make others. */
export function deflateVersion(): string {
  return createHash('sha256').update(program).digest('hex').slice(0, 12);
}
