// The same on WebGPU, emulated on the CPU; and nothing is made on the device once a run is under way.
import { launchOptions } from '../../tests/e2e/browser.js';
import { expect, SMALL, test } from '../../tests/e2e/playground.js';

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

test('a pause is answered within 100 ms, however long a step takes, and the run is the same', async ({ page, playground }) => {
  test.setTimeout(240_000);
  await playground.open();
  await page.evaluate(() => window.chalkgrad.setTraining({ batchSize: 500, trainSamples: 6000, seed: 3 }));
  await setBackend(page, 'webgpu');
  // The first run compiles the kernels; the second tells how long a step takes.
  await train(page, { steps: 2 });
  await page.evaluate(() => window.chalkgrad.reset());
  const steps = 4;
  const { loss: expected, seconds } = await train(page, { steps });
  await page.evaluate(() => window.chalkgrad.reset());
  const stepMs = (seconds * 1000) / steps;
  const { pauses, loss } = await page.evaluate(async ({ steps, runsForMs }) => {
    const pauses = [];
    const begin = performance.now();
    const since = (from) => Math.round(performance.now() - from);
    const run = window.chalkgrad.train({ steps });
    let isOver = false;
    const end = run.finally(() => { isOver = true; });
    while (pauses.length < steps) {
      await new Promise((resolve) => setTimeout(resolve, runsForMs));
      if (isOver) break;
      const [atMs, asked] = [since(begin), performance.now()];
      const { state } = await window.chalkgrad.pause();
      const pause = { atMs, state, answeredMs: since(asked) };
      pauses.push(pause);
      const resumed = performance.now();
      await window.chalkgrad.resume();
      pause.resumedMs = since(resumed);
    }
    const { loss } = await end;
    return { pauses, loss: Array.from(loss) };
  }, { steps, runsForMs: Math.min(100, stepMs / 3) });
  const report = `a step takes ${Math.round(stepMs)} ms; pauses: ${JSON.stringify(pauses)}`;
  test.info().annotations.push({ type: 'pauses', description: report });
  const paused = pauses.filter(({ state }) => state === 'paused');
  expect(paused.length, report).toBeGreaterThan(2);
  // The emulated GPU takes all cores from the page: one answer may come late.
  const late = paused.filter(({ answeredMs }) => answeredMs >= 100);
  expect(late.length, report).toBeLessThan(2);
  expect(loss).toEqual(expected);
});

test('calls are answered within 100 ms while kernels are compiled', async ({ page, playground }) => {
  await playground.open();
  await setBackend(page, 'webgpu');
  const { told, waits, history } = await page.evaluate(async () => {
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
    const waits = [];
    const polls = setInterval(async () => {
      const begin = performance.now();
      await window.chalkgrad.getModel();
      waits.push(performance.now() - begin);
    }, 50);
    await over;
    clearInterval(polls);
    const { steps } = await window.chalkgrad.train({ steps: 2 });
    return { told, waits, history: { steps } };
  });
  const total = told.at(-1).counts[1] ?? 0;
  expect(total).toBeGreaterThan(10);
  for (const [index, { counts, share }] of told.entries()) {
    expect(counts[0]).toBeGreaterThanOrEqual(told[Math.max(index - 1, 0)].counts[0]);
    expect([counts[1], share]).toEqual([total, `${Math.floor((100 * counts[0]) / total)}%`]);
  }
  test.info().annotations.push({ type: 'answers, ms', description: waits.map(Math.round).join(', ') });
  // The emulated GPU compiles on the cores that the page needs: one answer may come late.
  expect(waits.filter((wait) => wait >= 100).length).toBeLessThan(2);
  expect(history.steps).toBe(2);
});

/** Counts what is made on the device, and keeps hold of it. */
const HOOKS = `
self.created = {};
if (self.GPUDevice) {
  const makers = Object.getOwnPropertyNames(GPUDevice.prototype).filter((name) => /^create(?!CommandEncoder)/.test(name));
  for (const name of makers) {
    const make = GPUDevice.prototype[name];
    GPUDevice.prototype[name] = function (...given) {
      self.created[name] = (self.created[name] ?? 0) + 1;
      return make.apply(this, given);
    };
  }
  const request = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (...given) {
    return (self.device = await request.apply(this, given));
  };
}
`;

/** Opens the page and trains on WebGPU; the worker of the engine is the one that holds a device. */
async function openOnGpu(playground) {
  playground.server.faults.set('worker.js', (bytes) => Buffer.concat([Buffer.from(HOOKS), bytes]));
  await playground.open();
  await playground.call('setModel', { layers: SMALL });
  await playground.call('setTraining', { optimizer: { type: 'SGD', learningRate: 0.05 } });
  expect((await playground.call('setBackend', 'webgpu')).backend).toBe('webgpu');
  for (const worker of playground.page.workers()) {
    if (await worker.evaluate(() => Boolean(self.device))) return worker;
  }
  throw new Error('no worker has a device');
}

/** Starts a run without waiting for its end; `reach(step)` waits for a step. */
async function start(page, steps) {
  await page.evaluate((steps) => {
    window.reached = 0;
    window.chalkgrad.on('batch', (batch) => { window.reached = batch.step; });
    window.run = window.chalkgrad.train({ steps });
  }, steps);
  return {
    reach: (step) => page.waitForFunction((step) => window.reached >= step, step, { polling: 20, timeout: 0 }),
    end: () => page.evaluate(async () => {
      const { loss, ...history } = await window.run;
      return { ...history, loss: Array.from(loss) };
    }),
  };
}

// STEPS=5000 makes it the whole way.
const steps = Number(process.env.STEPS ?? 1000);

test(`nothing is made on the device between step 100 and step ${steps}`, async ({ playground }) => {
  test.setTimeout(600_000);
  const worker = await openOnGpu(playground);
  // Precompiled kernels are ready before the run; otherwise the rest would follow later.
  const made = () => worker.evaluate(() => self.created.createComputePipeline);
  await expect(async () => {
    const before = await made();
    expect(before).toBeGreaterThan(5);
    await playground.page.waitForTimeout(500);
    expect(await made()).toBe(before);
    // One kernel may take longer than that; the badge tells how far it is.
    await expect(playground.page.locator('.badge')).not.toHaveAttribute('title', /kernels compiled/, { timeout: 1000 });
  }).toPass({ timeout: 60_000 });
  const run = await start(playground.page, steps);
  await run.reach(100);
  const early = await worker.evaluate(() => self.created);
  expect(early.createBuffer).toBeGreaterThan(5);
  expect((await run.end()).loss).toHaveLength(steps);
  expect(await worker.evaluate(() => self.created)).toEqual(early);
});
