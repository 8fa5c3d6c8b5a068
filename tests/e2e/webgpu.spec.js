// WebGPU in the browser, on Chromium's software adapter: the same numbers as the CPU, and everything else that the API
// promises of a backend.
import { launchOptions } from './browser.js';
import { expect, test } from './playground.js';

test.use({
  launchOptions: {
    ...launchOptions,
    args: [...launchOptions.args, '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
  },
});

const train = (page, options) =>
  page.evaluate(async (options) => {
    const { loss, ...history } = await window.chalkgrad.train(options);
    return { ...history, loss: Array.from(loss) };
  }, options);

const setBackend = (page, name) => page.evaluate((name) => window.chalkgrad.setBackend(name), name);

// Adam divides by the root of tiny squares in its first steps, so that differences in the last digit grow tenfold every
// eight steps or so, between any two implementations. Plain descent keeps them small for longer.
const ADAM = { type: 'Adam' };
const DESCENT = { type: 'SGD', learningRate: 0.01, momentum: 0 };

const configure = (page, optimizer) =>
  page.evaluate(async (optimizer) => {
    await window.chalkgrad.setTraining({ trainSamples: 6400, seed: 3, optimizer });
    await window.chalkgrad.reset();
  }, optimizer);

/** The largest relative difference of two lists of losses. */
const worst = (a, b) => Math.max(...a.map((value, index) => Math.abs(value - b[index]) / Math.max(Math.abs(value), 1e-2)));

test('a software adapter is offered, not chosen, and used when asked for', async ({ page, playground }) => {
  await playground.open();
  const ready = await page.evaluate(() => window.chalkgrad.ready);
  expect(ready.backend).toBe('cpu');
  expect(ready.backends.find((backend) => backend.name === 'webgpu')).toMatchObject({ available: true });
  expect(await setBackend(page, 'auto')).toMatchObject({ backend: 'cpu' });
  const info = await setBackend(page, 'webgpu');
  expect(info.backend).toBe('webgpu');
  expect(info.detail).toMatch(/emulated.*; (Registers|Workgroup) tiles; buffers of \d+ MiB, \d+ to a shader/);
  expect(await setBackend(page, 'cpu')).toMatchObject({ backend: 'cpu' });
});

test('fifty steps on WebGPU give the losses of the CPU, and tensors can be read', async ({ page, playground }) => {
  await playground.open();
  await configure(page, ADAM);
  const cpuAdam = await train(page, { steps: 20 });
  await configure(page, DESCENT);
  const cpu = await train(page, { steps: 50 });
  await setBackend(page, 'webgpu');
  await configure(page, ADAM);
  const gpuAdam = await train(page, { steps: 20 });
  expect(worst(cpuAdam.loss, gpuAdam.loss)).toBeLessThan(1e-3);
  await configure(page, DESCENT);
  const gpu = await train(page, { steps: 50 });
  expect(gpu.loss).toHaveLength(50);
  expect(gpu.steps).toBe(50);
  expect(worst(cpu.loss, gpu.loss)).toBeLessThan(1e-3);
  const tensors = await page.evaluate(async () => {
    const read = async (name) => {
      const { shape, data } = await window.chalkgrad.tensor(name);
      return { shape, finite: data.every(Number.isFinite), size: data.length, some: data.some((value) => value !== 0) };
    };
    const names = await window.chalkgrad.tensorNames();
    return Promise.all(names.map(async (name) => [name, await read(name)]));
  });
  expect(tensors.length).toBeGreaterThan(20);
  for (const [name, { shape, finite, size, some }] of tensors) {
    expect(size, name).toBe(shape.reduce((product, extent) => product * extent, 1));
    expect(finite && some, name).toBe(true);
  }
  const sums = await page.evaluate(async () => {
    const probabilities = await window.chalkgrad.predict(new Uint8Array(2 * 784).fill(100));
    return [0, 1].map((row) => probabilities.slice(10 * row, 10 * row + 10).reduce((sum, value) => sum + value, 0));
  });
  sums.forEach((sum) => expect(sum).toBeCloseTo(1, 4));
  const evaluation = await page.evaluate(() => window.chalkgrad.evaluate({ samples: 256 }));
  expect(evaluation.samples).toBe(256);
});

test('a backend is changed in the middle of a run, which goes on', async ({ page, playground }) => {
  await playground.open();
  await configure(page, DESCENT);
  const cpu = await train(page, { steps: 60 });
  await configure(page, DESCENT);
  const mixed = await page.evaluate(async () => {
    const steps = [];
    const stop = window.chalkgrad.on('batch', ({ step }) => steps.push(step));
    const run = window.chalkgrad.train({ steps: 60 });
    const reach = async (step) => {
      while (!steps.some((own) => own >= step)) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    await reach(3);
    const first = await window.chalkgrad.setBackend('webgpu');
    await reach(30);
    const second = await window.chalkgrad.setBackend('cpu');
    const { loss, ...history } = await run;
    stop();
    return { ...history, loss: Array.from(loss), backends: [first.backend, second.backend] };
  });
  expect(mixed.backends).toEqual(['webgpu', 'cpu']);
  expect(mixed.steps).toBe(60);
  expect(mixed.loss).toHaveLength(60);
  expect(worst(cpu.loss, mixed.loss)).toBeLessThan(1e-3);
});

test('training on WebGPU pauses, holds still and goes on', async ({ page, playground }) => {
  await playground.open();
  await setBackend(page, 'webgpu');
  const result = await page.evaluate(async () => {
    await window.chalkgrad.setTraining({ trainSamples: 6400 });
    const run = window.chalkgrad.train({ steps: 12 });
    await new Promise((resolve) => {
      const off = window.chalkgrad.on('batch', () => resolve(off()));
    });
    const { state } = await window.chalkgrad.pause();
    const read = async () => Array.from((await window.chalkgrad.tensor('dense_1.bias')).data);
    const before = await read();
    // An evaluation takes turns with training, so a run that goes on would take steps meanwhile.
    await window.chalkgrad.evaluate({ samples: 64 });
    const after = await read();
    await window.chalkgrad.resume();
    const history = await run;
    return { state, before, after, steps: history.steps };
  });
  expect(result.state).toBe('paused');
  expect(result.after).toEqual(result.before);
  expect(result.steps).toBe(12);
});

test('a run on WebGPU that is paused several times is the same', async ({ page, playground }) => {
  await playground.open();
  await page.evaluate(() => window.chalkgrad.setTraining({ batchSize: 100, trainSamples: 6000, seed: 3 }));
  await setBackend(page, 'webgpu');
  const steps = 4;
  const { loss: expected } = await train(page, { steps });
  await page.evaluate(() => window.chalkgrad.reset());
  const { states, loss } = await page.evaluate(async (steps) => {
    const run = window.chalkgrad.train({ steps });
    const states = [];
    for (let pause = 0; pause < 3; pause += 1) {
      states.push((await window.chalkgrad.pause()).state);
      states.push((await window.chalkgrad.resume()).state);
    }
    const { loss } = await run;
    return { states, loss: Array.from(loss) };
  }, steps);
  expect(states.slice(0, 2)).toEqual(['paused', 'training']);
  expect(loss).toEqual(expected);
});

test('kernels are compiled before the first step, one after the other, with progress', async ({ page, playground }) => {
  await playground.open();
  await setBackend(page, 'webgpu');
  const { told, history } = await page.evaluate(async () => {
    const badge = document.querySelector('.badge');
    const counts = () => badge.title.match(/kernels compiled: (\d+) of (\d+)/)?.slice(1).map(Number);
    const told = [];
    let isOver = () => {};
    const over = new Promise((resolve) => { isOver = resolve; });
    new MutationObserver(() => {
      if (counts()) told.push({ counts: counts(), share: badge.style.getPropertyValue('--ready') });
      else if (told.length > 0) isOver();
    }).observe(badge, { attributes: true });
    const layer = { type: 'Conv2D', kernelSize: [5, 5], activation: 'elu' };
    await window.chalkgrad.setModel({ layers: [{ ...layer, filters: 7 }, { ...layer, filters: 9 }, { type: 'Flatten' }, { type: 'Dense', units: 10, activation: 'softmax' }] });
    await over;
    const { steps } = await window.chalkgrad.train({ steps: 2 });
    return { told, history: { steps } };
  });
  const total = told.at(-1).counts[1] ?? 0;
  expect(total).toBeGreaterThan(10);
  for (const [index, { counts, share }] of told.entries()) {
    expect(counts[0]).toBeGreaterThanOrEqual(told[Math.max(index - 1, 0)].counts[0]);
    expect([counts[1], share]).toEqual([total, `${Math.floor((100 * counts[0]) / total)}%`]);
  }
  expect(history.steps).toBe(2);
});

for (const [locale, texts] of [
  ['en-US', { log: 'Log', cost: /^GPU work per step: dispatches \d+, submissions \d+\.$/, button: "Time the GPU's kernels", total: /^GPU time of one step: [\d.]+ ms in \d+ dispatches\. The longest:$/ }],
  ['zh-CN', { log: '日志', cost: /^GPU 每步的工作：调度 \d+ 次，提交 \d+ 次。$/, button: '测量 GPU 内核的用时', total: /^GPU 执行一步用时 [\d.]+ 毫秒，调度 \d+ 次。耗时最长的内核：$/ }],
]) {
  test.describe(locale, () => {
    test.use({ locale });

    test('the log says what a step costs the GPU and, when asked, how long its kernels take, without changing the run', async ({ page, playground }) => {
      await playground.open();
      await setBackend(page, 'webgpu');
      await configure(page, DESCENT);
      const { loss: expected } = await train(page, { steps: 12 });
      await configure(page, DESCENT);
      await page.getByRole('tab', { name: texts.log }).click();
      const log = page.getByRole('log');
      await expect(log.getByText(texts.cost).first()).toBeAttached();
      const button = page.getByRole('button', { name: texts.button });
      await page.evaluate(() => { window.run = window.chalkgrad.train({ steps: 12 }); });
      await button.click();
      // If the adapter has no clock, the log says so.
      const { features } = await page.evaluate(async () => {
        const adapter = await navigator.gpu.requestAdapter();
        return { features: [...adapter.features] };
      });
      if (features.includes('timestamp-query')) {
        await expect(log.getByText(texts.total)).toBeVisible({ timeout: 30_000 });
        await expect(log.getByText(/[:：] ?conv2d → 32×11×11×64/)).toBeAttached();
      } else {
        await expect(log.getByText(/timestamp-query/)).toBeAttached({ timeout: 30_000 });
      }
      const loss = await page.evaluate(async () => Array.from((await window.run).loss));
      expect(loss).toEqual(expected);
    });
  });
}
