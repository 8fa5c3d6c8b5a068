// Images and the timing loop, which all pages share. Images are noise, because the work does not depend on values.

export function images(count) {
  let state = 12345;
  const pixels = new Float32Array(count * 784);
  for (let i = 0; i < pixels.length; i += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    pixels[i] = (state >>> 24) / 255;
  }
  const labels = Uint8Array.from({ length: count }, (_, i) => (i * 7) % 10);
  return { pixels, labels };
}

export function oneHot(labels) {
  const rows = new Float32Array(labels.length * 10);
  labels.forEach((label, row) => { rows[row * 10 + label] = 1; });
  return rows;
}

/**
 * Makes the page answer `window.measure(setting)` with milliseconds for a number of batches. `prepare` gets
 * `{backend, model, layers, batch}` and returns `{training, evaluation, prediction}`, each a function that does one batch and
 * resolves when its result has been read.
 */
export function serve(prepare) {
  const prepared = new Map();
  window.measure = async ({ task, batches, ...setting }) => {
    const key = JSON.stringify(setting);
    if (!prepared.has(key)) prepared.set(key, await prepare(setting));
    const run = prepared.get(key)[task];
    const start = performance.now();
    for (let index = 0; index < batches; index += 1) await run(index);
    return performance.now() - start;
  };
  window.isReady = true;
}
