// Measures the peak of a core in the browser: twelve independent chains of multiply and add on four lanes, without
// memory accesses.
// The module is put together here byte by byte; with `relaxed` it uses fused multiply-add.

const CHAINS = 12;

function leb(value) {
  return value < 128 ? [value] : [(value & 127) | 128, ...leb(value >>> 7)];
}

function number(value) {
  return [...new Uint8Array(new Float32Array([value]).buffer)];
}

export function module(relaxed) {
  const [get, set] = [(index) => [0x20, index], (index) => [0x21, index]];
  const simd = (code) => [0xfd, ...leb(code)];
  const splat = (value) => [0x43, ...number(value), ...simd(0x13)];
  const [factor, term, first] = [1, 2, 3];
  const chain = (index) => {
    const operands = [...get(index), ...get(factor)];
    const product = relaxed ? [...operands, ...get(term), ...simd(0x105)] : [...operands, ...simd(0xe6), ...get(term), ...simd(0xe4)];
    return [...product, ...set(index)];
  };
  const chains = Array.from({ length: CHAINS }, (_, index) => first + index);
  const body = [
    1, ...leb(2 + CHAINS), 0x7b,
    ...splat(0.999), ...set(factor), ...splat(0.001), ...set(term),
    ...chains.flatMap((index) => [...splat(index), ...set(index)]),
    0x03, 0x40, // loop
    ...chains.flatMap(chain),
    ...get(0), 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, // while (--n)
    0x0b,
    ...get(first), ...chains.slice(1).flatMap((index) => [...get(index), ...simd(0xe4)]),
    ...simd(0x1f), 0, 0x0b,
  ];
  const section = (id, content) => [id, ...leb(content.length), ...content];
  return new Uint8Array([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, [1, 0x60, 1, 0x7f, 1, 0x7d]),
    ...section(3, [1, 0]),
    ...section(7, [1, 1, 0x70, 0, 0]),
    ...section(10, [1, ...leb(body.length), ...body]),
  ]);
}

/** GFLOP/s of this thread, the best of several runs. */
export function probe(bytes) {
  const { p } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
  const count = 2_000_000;
  let best = Infinity;
  for (let run = 0; run < 8; run += 1) {
    const start = performance.now();
    p(count);
    best = Math.min(best, performance.now() - start);
  }
  return (count * CHAINS * 8) / best / 1e6;
}

/** The same of several workers at once. */
async function together(bytes, threads) {
  const source = `const CHAINS = ${CHAINS}; ${probe}; onmessage = (event) => postMessage(probe(event.data));`;
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  const rates = Array.from({ length: threads }, () => new Promise((resolve, reject) => {
    const worker = new Worker(url);
    worker.onmessage = ({ data }) => resolve((worker.terminate(), data));
    worker.onerror = reject;
    worker.postMessage(bytes);
  }));
  return (await Promise.all(rates)).reduce((sum, rate) => sum + rate, 0);
}

window.measurePeak = async (threads) => {
  const peaks = {};
  for (const [name, relaxed] of [['baseline', false], ['relaxed', true]]) {
    const bytes = module(relaxed);
    if (WebAssembly.validate(bytes)) peaks[name] = { one: await together(bytes, 1), all: await together(bytes, threads) };
  }
  return peaks;
};
window.isReady = true;
