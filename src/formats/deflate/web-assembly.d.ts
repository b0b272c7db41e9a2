/* The part of WebAssembly's JavaScript API that is used here; TypeScript declares it for browsers only. */
declare namespace WebAssembly {
  interface Module {
    readonly [Symbol.toStringTag]: 'WebAssembly.Module';
  }
  const Module: new (bytes: Uint8Array) => Module;

  class Instance {
    constructor(module: Module);
    readonly exports: object;
  }

  interface Memory {
    readonly buffer: ArrayBuffer;
  }

  interface Global {
    readonly value: number;
  }
}
