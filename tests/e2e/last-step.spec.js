// One step as one snapshot: a calculator gets the page's numbers, from the pixels to the new weight.
import { launchOptions } from './browser.js';
import { expect, test } from './playground.js';

test.use({
  launchOptions: {
    ...launchOptions,
    args: [...launchOptions.args, '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
  },
});

const LAYERS = [
  { type: 'Conv2D', filters: 4, kernelSize: [3, 3], activation: 'relu' },
  { type: 'Flatten' },
  { type: 'Dense', units: 10, activation: 'softmax' },
];

/** Relative to the largest value of the tensor. */
const expectClose = (what, actual, expected, digits = 4) => {
  expect(actual, what).toHaveLength(expected.length);
  const scale = Math.max(...expected.map(Math.abs));
  expect(scale, what).toBeGreaterThan(0);
  const worst = Math.max(...actual.map((value, index) => Math.abs(value - expected[index])));
  expect(worst / scale, what).toBeLessThan(10 ** -digits);
};

const read = (page, names) =>
  page.evaluate(async (names) => {
    const tensors = {};
    for (const name of names) tensors[name] = Array.from((await window.chalkgrad.tensor(name)).data);
    return tensors;
  }, names);

/** Checks the chain from the batch to the new weights of plain gradient descent. */
const checkChain = async (page, rate, batch) => {
  const names = ['batch.input', 'batch.target', 'batch.loss', 'logits', 'grad logits', 'dense.output', 'conv2d.output', 'grad conv2d.output',
    'grad conv2d.kernel', 'before conv2d.kernel', 'conv2d.kernel', 'before dense.kernel', 'flatten.output', 'grad dense.kernel', 'dense.kernel'];
  const t = await read(page, names);
  for (let n = 0; n < batch; n++) {
    const z = t.logits.slice(10 * n, 10 * n + 10);
    const sum = z.reduce((total, value) => total + Math.exp(value), 0);
    const p = z.map((value) => Math.exp(value) / sum);
    expectClose('p', t['dense.output'].slice(10 * n, 10 * n + 10), p);
    const label = t['batch.target'][n];
    expect(t['batch.loss'][n]).toBeCloseTo(-Math.log(p[label]), 3);
    expectClose('p - y', t['grad logits'].slice(10 * n, 10 * n + 10), p.map((value, k) => (value - (k === label ? 1 : 0)) / batch));
  }
  const size = 26 * 26 * 4;
  // Back through the dense layer, where relu lets it pass; then the sum over places of x times delta.
  const kernel = t['before dense.kernel'];
  const delta = Array.from({ length: batch * size }, (_, at) => {
    const [n, input] = [Math.floor(at / size), at % size];
    let sum = 0;
    for (let k = 0; k < 10; k++) sum += kernel[input * 10 + k] * t['grad logits'][10 * n + k];
    return sum;
  });
  expectClose('delta of the convolution', t['grad conv2d.output'], delta);
  const gradient = Array.from({ length: 36 }, (_, at) => {
    const [tap, filter] = [Math.floor(at / 4), at % 4];
    const [u, v] = [Math.floor(tap / 3), tap % 3];
    let sum = 0;
    for (let n = 0; n < batch; n++)
      for (let row = 0; row < 26; row++)
        for (let column = 0; column < 26; column++) {
          const place = (n * 26 * 26 + row * 26 + column) * 4 + filter;
          if (t['conv2d.output'][place] > 0) sum += t['batch.input'][n * 784 + (row + u) * 28 + column + v] * delta[place];
        }
    return sum;
  });
  expectClose('gradient of the kernel', t['grad conv2d.kernel'], gradient, 3);
  for (const name of ['conv2d.kernel', 'dense.kernel']) {
    expectClose(name, t[name], t[`before ${name}`].map((w, at) => w - rate * t[`grad ${name}`][at]));
    expect(Math.max(...t[name].map((w, at) => Math.abs(w - t[`before ${name}`][at])))).toBeGreaterThan(1e-5);
  }
};

for (const [backend, workers] of [['cpu', 1], ['cpu', 2], ['webgpu', undefined]]) {
  test(`the numbers of a step add up on ${backend}${workers ? ` with ${workers} workers` : ''}`, async ({ page, playground }) => {
    await playground.open();
    await page.evaluate(([backend, workers]) => window.chalkgrad.setBackend(backend, workers && { workers }), [backend, workers]);
    await playground.call('setModel', { layers: LAYERS });
    await playground.call('setTraining', { optimizer: { type: 'SGD', learningRate: 0.1 }, batchSize: 8 });
    await playground.call('train', { steps: 2 });
    await checkChain(page, 0.1, 8);
    expect(await playground.call('tensorNames')).toContain('before conv2d.kernel');
    // A run that is paused somewhere leaves its last step, and reading it takes no other.
    const paused = await page.evaluate(async () => {
      const { chalkgrad } = window;
      const step = new Promise((resolve) => { const off = chalkgrad.on('batch', () => resolve(off())); });
      const run = chalkgrad.train({ epochs: 1 });
      window.run = run.catch(() => {});
      await step;
      return chalkgrad.pause();
    });
    expect(paused.state).toBe('paused');
    await checkChain(page, 0.1, 8);
    const stopped = await page.evaluate(async () => {
      await window.chalkgrad.resume();
      return window.chalkgrad.stop();
    });
    expect(stopped.state).toBe('stopped');
    await checkChain(page, 0.1, 8);
    // After an edit there is no number of a step with other weights.
    await page.evaluate(() => window.chalkgrad.setTensor('dense.bias', new Float32Array(10).fill(0.5)));
    const { error } = await playground.call('tensor', 'before dense.kernel');
    expect(error).toMatchObject({ code: 'no-value-yet', message: expect.stringContaining('was not recorded') });
  });
}
