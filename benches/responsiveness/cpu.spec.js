// Answers within 100 ms, and no task over 50 ms on the page's thread, whatever goes on.
import { expect, test } from '../../tests/e2e/playground.js';

test.beforeEach(({ playground }) => playground.open());

test('answers every call within 100 ms while it trains', async ({ playground }) => {
  const times = await playground.page.evaluate(async () => {
    const { chalkgrad } = window;
    const run = chalkgrad.train({ epochs: 1 });
    await new Promise((resolve) => {
      const off = chalkgrad.on('batch', () => resolve(off()));
    });
    const times = [];
    for (let call = 0; call < 20; call += 1) {
      const start = performance.now();
      await chalkgrad.tensor('dense.kernel');
      times.push(performance.now() - start);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await chalkgrad.stop();
    await run;
    return times;
  });
  expect(Math.max(...times)).toBeLessThan(100);
});

test('answers every call within 100 ms in the middle of batches of 1,000 images and of a large prediction', async ({ playground }) => {
  await playground.call('setBackend', 'cpu', { workers: 1 });
  await playground.call('setTraining', { batchSize: 1000 });
  const slowest = await playground.page.evaluate(async () => {
    const { chalkgrad } = window;
    const call = async () => {
      const start = performance.now();
      await chalkgrad.getTraining();
      return performance.now() - start;
    };
    const times = { training: [], predicting: [] };
    const run = chalkgrad.train({ epochs: 1 });
    for (let step = 0; step < 2; step += 1) {
      const stepped = new Promise((resolve) => {
        const off = chalkgrad.on('batch', () => resolve(off()));
      });
      let done = false;
      stepped.then(() => (done = true));
      while (!done) {
        times.training.push(await call());
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    await chalkgrad.stop();
    await run;
    let answered = false;
    const prediction = chalkgrad.predict(new Uint8Array(784 * 10_000)).then(() => (answered = true));
    while (!answered) {
      times.predicting.push(await call());
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await prediction;
    const worst = (all) => [all.length, Math.max(...all), all.indexOf(Math.max(...all))];
    return Object.fromEntries(Object.entries(times).map(([what, all]) => [what, worst(all)]));
  });
  console.log(`calls, the slowest in ms, and which it was: ${JSON.stringify(slowest)}`);
  for (const [calls, slowest_ms] of Object.values(slowest)) {
    expect(calls).toBeGreaterThan(5);
    expect(slowest_ms).toBeLessThan(100);
  }
});

test('answers 19 of 20 calls within 100 ms while several workers train', async ({ playground }) => {
  await playground.call('setBackend', 'cpu', { workers: 3 });
  const times = await playground.page.evaluate(async () => {
    const { chalkgrad } = window;
    const run = chalkgrad.train({ epochs: 1 });
    await new Promise((resolve) => {
      const off = chalkgrad.on('batch', () => resolve(off()));
    });
    const times = [];
    for (let call = 0; call < 20; call += 1) {
      const start = performance.now();
      await chalkgrad.tensor('dense.kernel');
      times.push(performance.now() - start);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await chalkgrad.stop();
    await run;
    return times;
  });
  expect(times.sort((a, b) => a - b)[18], '19 of 20 calls').toBeLessThan(100);
});

test('answers all calls but one within 100 ms during an evaluation and a large prediction that workers share', async ({ playground }) => {
  const ask = (workers) => playground.page.evaluate(async (workers) => {
    const { chalkgrad } = window;
    await chalkgrad.setBackend('cpu', { workers });
    const pixels = Float32Array.from({ length: 2000 * 784 }, (_, index) => ((index * 7919) % 1009) / 1009);
    const waits = [];
    const timed = async (work) => {
      let isDone = false;
      const result = work.finally(() => { isDone = true; });
      while (!isDone) {
        const start = performance.now();
        await chalkgrad.tensor('dense.kernel');
        waits.push(performance.now() - start);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return result;
    };
    await timed(chalkgrad.evaluate());
    await timed(chalkgrad.predict(pixels));
    return { waits };
  }, workers);
  const { waits } = await ask(3);
  expect(waits.sort((a, b) => a - b).at(-2), 'all calls but one').toBeLessThan(100);
});

test('never blocks the page while it trains', async ({ playground }) => {
  await playground.call('train', { steps: 5 });
  await playground.watchLongTasks();
  await playground.press('Train');
  await expect(playground.button('Pause')).toBeVisible();
  await playground.page.waitForTimeout(8000);
  await playground.press('Pause');
  expect(await playground.page.evaluate(() => window.longTasks), 'tasks over 50 ms, in ms').toEqual([]);
});

test('no tab blocks the page while it trains', async ({ playground }) => {
  await playground.call('train', { steps: 5 });
  await playground.page.getByRole('button', { name: 'Sample digit, a 3' }).click();
  await playground.press('Evaluate');
  await expect(playground.page.getByRole('table', { name: 'Confusion matrix' })).toBeVisible({ timeout: 60_000 });
  await playground.watchLongTasks();
  await playground.press('Train');
  await expect(playground.button('Pause')).toBeVisible();
  for (const name of ['Curves', 'Confusion', 'Mistakes', 'Histograms', 'Runs', 'Log']) {
    await playground.page.getByRole('tab', { name, exact: true }).click();
    await playground.page.waitForTimeout(1500);
  }
  await playground.press('Pause');
  expect(await playground.page.evaluate(() => window.longTasks), 'tasks over 50 ms, in ms').toEqual([]);
});

test('the page is interactive within a second of its request, and answers within two', async ({ playground, server }) => {
  const { page } = playground;
  await page.goto('about:blank');
  const start = Date.now();
  await page.goto(server.url);
  await expect(playground.button('Train')).toBeEnabled();
  const interactive = Date.now() - start;
  await expect(page.getByText('Looks like 3')).toBeVisible();
  const answers = Date.now() - start;
  console.log(`interactive after ${interactive} ms, answers after ${answers} ms`);
  expect(interactive).toBeLessThan(1000);
  expect(answers).toBeLessThan(2000);
});
