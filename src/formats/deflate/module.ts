import { createHash } from 'node:crypto';
import { program } from './program.ts';

let compiled: WebAssembly.Module | undefined;

/** Returns the compiled module. It is compiled once and shared by all threads. */
export function getDeflateModule(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(Buffer.from(program, 'base64'));
  return compiled;
}

/** Identifies the program that makes the bytes: another program may make other bytes. */
export function getDeflateVersion(): string {
  return createHash('sha256').update(program).digest('hex').slice(0, 12);
}
