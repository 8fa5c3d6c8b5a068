// WebGPU when things go wrong. Hooks in the worker reach the device.
import { launchOptions } from './browser.js';
import { expect, SMALL, test } from './playground.js';

test.use({
  launchOptions: {
    ...launchOptions,
    args: [...launchOptions.args, '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
  },
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

test('a device that computes something else than the CPU is not used, and what differs is said', async ({ playground }) => {
  const { server } = playground;
  const wrong = `
if (self.GPUDevice) {
  const create = GPUDevice.prototype.createShaderModule;
  GPUDevice.prototype.createShaderModule = function (given) {
    return create.call(this, { ...given, code: given.code.replaceAll('max(', 'min(') });
  };
}
`;
  server.faults.set('worker.js', (bytes) => Buffer.concat([Buffer.from(wrong), bytes]));
  await playground.open();
  await playground.call('train', { steps: 3 });
  const { code, message } = await playground.rejection('setBackend', 'webgpu');
  expect(code).toBe('backend-unavailable');
  expect(message).toMatch(/other numbers for .*conv2d/);
  expect(await playground.call('train', { steps: 2 })).toMatchObject({ state: 'done', steps: 2 });
  expect((await playground.call('setBackend', 'auto')).backend).toBe('cpu');
});

const lastSteps = (history) => history.loss.slice(-20);
const worst = (a, b) => Math.max(...a.map((value, index) => Math.abs(value - b[index]) / Math.max(Math.abs(value), 1e-2)));

/** The worker that holds a device which is not lost, once there is one. */
async function onGpu(page) {
  let found;
  await expect(async () => {
    const holds = () => Boolean(self.device) && !self.isLost;
    const workers = page.workers();
    const answers = await Promise.all(workers.map((worker) => worker.evaluate(holds).catch(() => false)));
    found = workers[answers.indexOf(true)];
    expect(found, 'a worker that has a device').toBeTruthy();
  }).toPass({ timeout: 60_000 });
  return found;
}

const loseDevice = () => {
  self.isLost = true;
  self.device.destroy();
};

test('a device that is lost costs no training: another one goes on, and the page says so; if that is lost again and again, the CPU', async ({ playground }) => {
  test.setTimeout(300_000);
  const { page } = playground;
  await openOnGpu(playground);
  await page.evaluate(() => {
    window.warnings = [];
    window.chalkgrad.on('warning', (warning) => window.warnings.push(warning));
  });
  const warned = (count) => page.waitForFunction((count) => window.warnings.length >= count, count, { timeout: 60_000 });
  const run = await start(page, 600);
  await run.reach(200);
  await (await onGpu(page)).evaluate(loseDevice);
  await warned(1);
  const [warning] = await page.evaluate(() => window.warnings);
  expect(warning.code).toBe('device-lost');
  expect(warning.message).toMatch(/The GPU goes on\.$/);
  await expect(page.getByRole('region', { name: 'Messages' }).getByText(/The GPU goes on/)).toBeVisible();
  const history = await run.end();
  expect([history.state, history.steps, history.loss.length]).toEqual(['done', 600, 600]);
  // It is a device that works, and the same run as one without a fault, to the last bit.
  await onGpu(page);
  await playground.call('reset');
  const { loss } = await (await start(page, 600)).end();
  expect(loss).toEqual(history.loss);
  for (const count of [2, 3, 4]) {
    await (await onGpu(page)).evaluate(loseDevice);
    await page.evaluate(() => void window.chalkgrad.evaluate({ samples: 64 }).catch(() => {}));
    await warned(count);
  }
  const last = await page.evaluate(() => window.warnings.at(-1).message);
  expect(last).toMatch(/The CPU goes on\.$/);
  expect((await (await start(page, 5)).end()).steps).toBe(5);
});

for (const [what, code, harm] of [
  ['refuses what it is asked', 'gpu-error', () => void self.device.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE })],
  ['has no memory left', 'gpu-out-of-memory', () => void self.device.dispatchEvent(new GPUUncapturedErrorEvent('uncapturederror', { error: new GPUOutOfMemoryError('no memory'), cancelable: true }))],
]) {
  test(`a device that ${what} in the middle of an epoch costs no training: the CPU goes on, and the page says so`, async ({ playground }) => {
    const worker = await openOnGpu(playground);
    const warnings = playground.page.evaluate(() => new Promise((resolve) => window.chalkgrad.on('warning', resolve)));
    const run = await start(playground.page, 600);
    await run.reach(200);
    await worker.evaluate(harm);
    const warning = await warnings;
    expect(warning.code).toBe(code);
    await expect(playground.page.getByRole('region', { name: 'Messages' }).getByText(/GPU/).first()).toBeVisible();
    const history = await run.end();
    expect([history.state, history.steps, history.loss.length]).toEqual(['done', 600, 600]);
    expect((await playground.call('setBackend', 'auto')).backend).toBe('cpu');
    // The same run without a fault.
    await playground.call('reset');
    const { loss } = await (await start(playground.page, 600)).end();
    expect(worst(loss.slice(0, 50), history.loss.slice(0, 50))).toBeLessThan(1e-3);
    expect(worst(lastSteps({ loss }), lastSteps(history))).toBeLessThan(1e-2);
  });
}
