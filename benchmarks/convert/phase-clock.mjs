/*
 * Preloaded into hpc-gat (node --import): parses the events that `make-sif --json` writes, and reports at the end the
 * time from the first byte read to the last block written, with the processor time of all threads.
 */
const write = process.stderr.write.bind(process.stderr);
/** @type {{ at: number, cpu: NodeJS.CpuUsage } | undefined} */
let begun;
let line = '';

process.stderr.write = (/** @type {string | Uint8Array} */ text, /** @type {unknown[]} */ ...rest) => {
  const event = String(text);
  if (begun === undefined && event.includes('"stage":"compress"')) {
    begun = { at: performance.now(), cpu: process.cpuUsage() };
  } else if (begun !== undefined && line === '' && event.includes('"message":"writing the directories"')) {
    const { user, system } = process.cpuUsage(begun.cpu);
    line = `contents ${((performance.now() - begun.at) / 1e3).toFixed(3)} ${((user + system) / 1e6).toFixed(3)}\n`;
  }
  const isFree = /** @type {unknown} */ (Reflect.apply(write, process.stderr, [text, ...rest]));
  return isFree === true;
};

process.on('exit', () => write(line));
