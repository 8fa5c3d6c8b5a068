// Nothing is lost: files, what the browser keeps, and the first seconds.
import fs from 'node:fs';
import { expect, SMALL, test } from './playground.js';

const messages = (page) => page.getByRole('region', { name: 'Messages' });
const train = (page, steps) => page.evaluate(async (steps) => (await window.chalkgrad.train({ steps })).loss, steps);
const ready = (page) => page.evaluate(() => window.chalkgrad.ready);

/** Small, with all that a break could disturb: dropout, batch normalisation, momentum. */
const LAYERS = [
  { type: 'Conv2D', filters: 4, kernelSize: [5, 5], strides: [3, 3] }, { type: 'BatchNormalization' },
  { type: 'Activation', activation: 'relu' }, { type: 'Flatten' }, { type: 'Dropout', rate: 0.3 },
  { type: 'Dense', units: 10, activation: 'softmax' },
];
const setUp = (page) =>
  page.evaluate(async (layers) => {
    await window.chalkgrad.setModel({ layers });
    await window.chalkgrad.setTraining({ seed: 5, trainSamples: 2000, batchSize: 64, validationSplit: 0.1 });
  }, LAYERS);

/** The losses of 60 steps without a break; an epoch has 29. */
const uninterrupted = async (page) => {
  await setUp(page);
  const losses = await train(page, 60);
  expect(losses).toHaveLength(60);
  return losses;
};

/** Returns the browser's saved data: descriptions of experiments, the latest first, and the history of runs. */
const stored = (page) =>
  page.evaluate(
    () =>
      new Promise((resolve) => {
        const request = indexedDB.open('chalkgrad', 1);
        request.onupgradeneeded = () => request.transaction.abort();
        request.onerror = (event) => {
          event.preventDefault();
          resolve({ experiments: [], runs: [] });
        };
        request.onsuccess = () => {
          const store = request.result.transaction('experiments').objectStore('experiments');
          const [keys, values] = [store.getAllKeys(), store.getAll()];
          values.onsuccess = () => {
            const all = keys.result.map((key, at) => [key, values.result[at]]);
            const experiments = all.filter(([key]) => key.startsWith('about ')).map(([, about]) => JSON.parse(about));
            const runs = JSON.parse(all.find(([key]) => key === 'runs')?.[1] ?? '[]');
            resolve({ experiments: experiments.sort((one, other) => other.savedMs - one.savedMs), runs });
          };
          request.result.close();
        };
      }),
  );

/** Waits until the browser has saved this step. */
const kept = (page, step) =>
  expect.poll(async () => (await stored(page)).experiments[0]?.step ?? -1, { timeout: 20_000 }).toBe(step);

test('a network that was trained before answers at once, and is never trained', async ({ playground, server }) => {
  await playground.page.goto(server.url);
  await expect(playground.page.getByText('Looks like 3')).toBeVisible();
  const label = playground.page.getByText(/trained in advance: it classifies 9\d\.\d% of the test images correctly/);
  await expect(label).toBeVisible();
  await playground.page.evaluate(() => {
    window.states = [];
    window.chalkgrad.on('state', ({ state }) => window.states.push(state));
    window.chalkgrad.on('batch', () => window.states.push('a step'));
  });

  // The page's own test is of what answers; a stroke takes the sample's place.
  await playground.press('Evaluate');
  await expect(playground.page.getByRole('region', { name: 'Test', exact: true }).getByText(/99\.\d+%/).first()).toBeVisible({ timeout: 90_000 });
  await playground.draw([[0.5, 0.15], [0.5, 0.85]]);
  await expect(playground.page.getByText('Looks like 1')).toBeVisible();
  expect(await playground.page.evaluate(() => window.states.filter((state) => state === 'training' || state === 'a step'))).toEqual([]);

  // Training starts from the seed.
  const first = await train(playground.page, 5);
  expect(first[0]).toBeGreaterThan(2);
  await expect(label).toBeHidden();
  await playground.call('reset');
  expect(await train(playground.page, 5)).toEqual(first);
});

test('to scripts the weights are those of the seed from the beginning', async ({ playground }) => {
  await playground.open();
  const label = playground.page.locator('.pretrained');
  await expect(label).toContainText('trained in advance');
  const kernel = () => playground.page.evaluate(async () => Array.from((await window.chalkgrad.tensor('conv2d_2.kernel')).data));
  const initial = await kernel();
  expect(initial.filter((value) => value === 0).length).toBeLessThan(100);
  await expect(label).toBeHidden();
  await playground.call('reset');
  expect(await kernel()).toEqual(initial);
});

test('saved, the browser closed, opened again: the losses are those of a run without a break', async ({ playground, server, browser }) => {
  await playground.open();
  const expected = await uninterrupted(playground.page);
  await playground.call('reset');
  const losses = await train(playground.page, 40);
  const [download] = await Promise.all([playground.page.waitForEvent('download'), playground.press('Save to a file')]);
  expect(download.suggestedFilename()).toBe('chalkgrad-step-40.safetensors');
  const file = test.info().outputPath('experiment.safetensors');
  await download.saveAs(file);
  await playground.page.context().close();

  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(server.url);
  await ready(page);
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.getByRole('button', { name: 'Open a file', exact: true }).click()]);
  await chooser.setFiles(file);
  await expect(page.getByText(/Opened at step 40/)).toBeAttached();
  await expect(page.getByText('Epoch 2, batch 11 of 29')).toBeVisible();
  expect(await page.evaluate(() => window.chalkgrad.getTraining())).toMatchObject({ seed: 5, batchSize: 64 });
  expect([...losses, ...(await train(page, 20))]).toEqual(expected);

  // The same by script; and what it resolves to.
  const opened = await page.evaluate(async () => {
    const file = await window.chalkgrad.save();
    const isBytes = file instanceof Uint8Array;
    await window.chalkgrad.reset();
    const { layers, params, step, epoch } = await window.chalkgrad.open(new Blob([file]));
    return { isBytes, layers: layers.length, params, step, epoch };
  });
  expect(opened).toEqual({ isBytes: true, layers: 6, params: 104 + 16 + 2570, step: 60, epoch: 2 });
  await context.close();
});

test('a file that is dropped is opened', async ({ playground }) => {
  await playground.open();
  await playground.call('setModel', { layers: SMALL });
  await playground.page.evaluate(async () => {
    const file = new File([await window.chalkgrad.save()], 'one.safetensors');
    await window.chalkgrad.setModel({ layers: [{ type: 'Flatten' }, { type: 'Dense', units: 5 }, { type: 'Dense', units: 10 }] });
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(file);
    document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
  });
  await expect.poll(() => playground.layerTypes()).toEqual(['Flatten', 'Dense']);
});

test('what was done is offered on the next visit, and goes on as if there had been no break', async ({ playground, server }) => {
  const { page } = playground;
  await playground.open();
  const expected = await uninterrupted(page);
  await playground.call('reset');
  const losses = await train(page, 40);
  await kept(page, 40);

  await page.reload();
  await ready(page);
  const offer = messages(page).getByText(/Continue where you left off\? Epoch 2, step 40/);
  await expect(offer).toBeVisible();
  // Nothing has been applied, and what the new visit does leaves it alone.
  expect(await playground.layerTypes()).toHaveLength(8);
  await playground.call('setModel', { layers: SMALL });
  await train(page, 3);
  await kept(page, 3);
  await messages(page).getByRole('button', { name: 'Continue', exact: true }).click();
  await expect(offer).toBeHidden();
  await expect.poll(() => playground.layerTypes()).toHaveLength(6);
  expect([...losses, ...(await train(page, 20))]).toEqual(expected);

  // A link's configuration has precedence, and an offer can be put aside.
  await kept(page, 60);
  const configuration = encodeURIComponent(JSON.stringify({ model: { layers: SMALL } }));
  await page.goto('about:blank');
  await page.goto(`${server.url}#c=${configuration}`);
  await ready(page);
  const later = messages(page).getByText(/Continue where you left off\?/);
  // The continued experiment at its last step, and before it the second visit's own.
  await expect(later).toHaveText([/step 60/, /step 3,/]);
  await expect.poll(() => playground.layerTypes()).toHaveLength(2);
  await messages(page).getByRole('button', { name: 'Dismiss' }).first().click();
  await messages(page).getByRole('button', { name: 'Dismiss' }).first().click();
  await expect(later).toHaveCount(0);
  expect(await playground.layerTypes()).toHaveLength(2);
});

test('what was seen before the last copy of a training can be had back after a reload', async ({ playground }) => {
  const { page } = playground;
  await playground.open();
  await playground.call('setTraining', { batchSize: 8 });
  await playground.press('Train');
  const step = () => page.evaluate(() => window.seenStep);
  await page.evaluate(() => window.chalkgrad.on('batch', ({ step }) => (window.seenStep = step)));
  await expect.poll(step).toBeGreaterThan(0);
  const seen = await step();
  // Copies go on in the middle of training; how soon one comes depends on the machine.
  await expect.poll(async () => (await stored(page)).experiments[0]?.step ?? 0).toBeGreaterThanOrEqual(seen);
  await page.reload();
  await ready(page);
  const offer = messages(page).getByText(/Continue where you left off\?/);
  await expect(offer).toBeVisible();
  const [{ step: saved }] = (await stored(page)).experiments;
  expect(saved).toBeGreaterThanOrEqual(seen);
  await messages(page).getByRole('button', { name: 'Continue', exact: true }).click();
  await expect(page.getByText(new RegExp(`Opened at step ${saved.toLocaleString('en-US')}`))).toBeAttached();
});

test('what two tabs have done can both be had back, and neither is offered what the other works on', async ({ playground, server }) => {
  const { page } = playground;
  const context = page.context();
  await playground.open();
  const second = await context.newPage();
  await second.goto(server.url);
  await ready(second);
  const setUpAs = (tab, units) =>
    tab.evaluate(async (units) => {
      const layers = [{ type: 'Flatten' }, { type: 'Dense', units, activation: 'relu' }, { type: 'Dense', units: 10, activation: 'softmax' }];
      await window.chalkgrad.setModel({ layers });
      await window.chalkgrad.setTraining({ trainSamples: 2000 });
    }, units);
  await setUpAs(page, 11);
  await train(page, 7);
  await setUpAs(second, 22);
  await train(second, 5);
  const steps = async () => (await stored(page)).experiments.map(({ step }) => step).sort();
  // Offers are listed by the time at which they were saved, so the first tab goes on after both have been.
  await expect.poll(steps, { timeout: 20_000 }).toEqual([5, 7]);
  await train(page, 3);
  await expect.poll(steps, { timeout: 20_000 }).toEqual([10, 5]);

  // A tab that is opened meanwhile leaves them alone.
  const third = await context.newPage();
  await third.goto(server.url);
  await ready(third);
  await third.waitForTimeout(3000);
  const offers = (tab) => messages(tab).getByText(/Continue where you left off\?/);
  await expect(offers(third)).toHaveCount(0);
  await page.close();
  await second.close();
  await third.reload();
  await ready(third);
  await expect(offers(third)).toHaveText([/step 10,/, /step 5,/]);
  const units = () => third.evaluate(async () => (await window.chalkgrad.getModel()).layers[1].units);
  const take = () => messages(third).getByRole('button', { name: 'Continue', exact: true });
  await take().last().click();
  await expect.poll(units).toBe(22);
  await train(third, 1);
  await kept(third, 6);
  await take().click();
  await expect.poll(units).toBe(11);
  await train(third, 1);
  await kept(third, 11);
  // Both stay there, each as it was left.
  await third.reload();
  await ready(third);
  await expect(offers(third)).toHaveText([/step 11,/, /step 6,/]);
  const runs = (await stored(third)).runs.map(({ steps }) => steps);
  expect(runs).toEqual(expect.arrayContaining([11, 6]));
});

test('saving leaves nothing behind', async ({ playground }) => {
  const { page } = playground;
  await playground.open();
  await playground.call('setModel', { layers: SMALL });
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Performance.enable');
  const listeners = async () => {
    for (let times = 0; times < 3; times += 1) await devtools.send('HeapProfiler.collectGarbage');
    const { metrics } = await devtools.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'JSEventListeners').value;
  };
  const saves = async (first, last) => {
    for (let step = first; step <= last; step += 1) {
      await train(page, 1);
      await kept(page, step);
    }
  };
  await saves(1, 2);
  const before = await listeners();
  await saves(3, 8);
  expect((await listeners()) - before).toBeLessThan(6);
});

test('a weight that a script writes is kept without a step', async ({ playground }) => {
  const { page } = playground;
  await page.clock.install();
  await playground.open();
  await page.clock.runFor(5000);
  expect((await stored(page)).experiments, 'nothing has been done').toEqual([]);
  await page.evaluate(() => window.chalkgrad.setTensor('dense_1.bias', new Float32Array(10).fill(0.5)));
  await kept(page, 0);
  await page.reload();
  await ready(page);
  await messages(page).getByRole('button', { name: 'Continue', exact: true }).click();
  const bias = () => page.evaluate(async () => Array.from((await window.chalkgrad.tensor('dense_1.bias')).data));
  await expect.poll(bias).toEqual(Array(10).fill(0.5));
});

test('the runs of the last visit are there again, and the one that is continued goes on as the same', async ({ playground }) => {
  const { page } = playground;
  await playground.open();
  await playground.call('setModel', { layers: SMALL });
  await playground.call('setTraining', { trainSamples: 2000, seed: 3 });
  await train(page, 30);
  await playground.call('setTraining', { seed: 4 });
  await playground.press('Reset');
  await train(page, 20);
  await playground.press('Evaluate');
  await expect.poll(async () => (await stored(page)).runs.at(-1)?.testAccuracy ?? 0, { timeout: 60_000 }).toBeGreaterThan(0.3);
  await kept(page, 20);

  await page.reload();
  await ready(page);
  await page.getByRole('tab', { name: 'Runs', exact: true }).click();
  const rows = page.locator('#dock-panel').getByRole('row');
  await expect(rows).toHaveCount(3);
  await expect(rows.nth(1)).toContainText(/Run 2\d\d:.*2 layers, 7,850 params.*Adam 0\.001 · 32.*4.*20.*\d\d\.\d\d%.*\d\d\.\d\d%/);
  await expect(rows.nth(2)).toContainText(/Run 1\d\d:.*3.*30/);
  // Their courses are there too, when asked for.
  await page.getByRole('tab', { name: 'Curves', exact: true }).click();
  const earlier = page.locator('#dock-panel').getByRole('listitem').filter({ hasText: /^Run 1$/ });
  await expect(page.locator('#dock-panel').getByRole('listitem').filter({ hasText: 'validation' }).first()).toBeVisible();
  await expect(earlier).toHaveCount(0);
  await page.getByRole('tab', { name: 'Runs', exact: true }).click();
  await page.getByRole('checkbox', { name: 'Show run 1 in the curves' }).check();
  await page.getByRole('tab', { name: 'Curves', exact: true }).click();
  await expect(earlier.first()).toBeVisible();
  await page.getByRole('tab', { name: 'Runs', exact: true }).click();
  await playground.press('Restore the configuration of run 1');
  await expect.poll(async () => (await playground.call('getTraining')).seed).toBe(3);

  await messages(page).getByRole('button', { name: 'Continue', exact: true }).click();
  await expect(rows.nth(1)).toContainText(/Run 2present/);
  await train(page, 5);
  await expect(rows.nth(1)).toContainText(/Run 2present.*4.*25/);
  await expect(rows).toHaveCount(3);
  await playground.press('Reset');
  await train(page, 4);
  await expect(rows.nth(1)).toContainText(/Run 3present.*4/);
  await kept(page, 4);
  expect((await stored(page)).runs.map(({ number, steps }) => [number, steps])).toEqual([[1, 30], [2, 25], [3, 4]]);
});

test('a file that cannot be opened is refused, and the work stays', async ({ playground }) => {
  const { page } = playground;
  await playground.open();
  await playground.call('setModel', { layers: SMALL });
  await train(page, 3);
  const kernel = () => page.evaluate(async () => Array.from((await window.chalkgrad.tensor('dense.kernel')).data));
  const before = await kernel();
  const codes = await page.evaluate(async () => {
    const { chalkgrad } = window;
    const file = await chalkgrad.save();
    const cases = {
      corrupt: file.map((byte, index) => (index > 40 && index < 60 ? 7 : byte)),
      cut: file.subarray(0, file.length - 5),
      image: new TextEncoder().encode('\x89PNG and so on, as images go'),
      empty: new Uint8Array(0),
      huge: { size: 2e9, arrayBuffer: () => { throw new Error('read'); } },
      text: 'a text',
    };
    const codes = {};
    for (const [what, bytes] of Object.entries(cases)) codes[what] = await chalkgrad.open(bytes).then(() => 'opened', ({ code, message }) => message.length > 20 && code);
    return codes;
  });
  expect(codes).toEqual({ corrupt: 'bad-file', cut: 'bad-file', image: 'bad-file', empty: 'bad-file', huge: 'file-too-large', text: 'bad-argument' });

  const huge = test.info().outputPath('huge.safetensors');
  fs.writeFileSync(huge, '');
  fs.truncateSync(huge, 2 ** 31);
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), playground.press('Open a file')]);
  await chooser.setFiles(huge);
  await expect(messages(page).getByText(/has 2048 MiB, but at most 1024 MiB can be opened\. Nothing here has changed/)).toBeVisible();
  fs.rmSync(huge);
  expect(await kernel()).toEqual(before);
  expect(await train(page, 2)).toHaveLength(2);
});

const refusals = {
  'does not exist': () => Object.defineProperty(window, 'indexedDB', { value: undefined }),
  'is forbidden': () => {
    IDBFactory.prototype.open = () => { throw new DOMException('no', 'SecurityError'); };
  },
  'cannot be opened': () => {
    const open = IDBFactory.prototype.open;
    IDBFactory.prototype.open = function (name) { return open.call(this, name, 2); };
    const request = indexedDB.open('chalkgrad');
    IDBFactory.prototype.open = open;
    request.onsuccess = () => request.result.close();
  },
  'is full': () => {
    IDBObjectStore.prototype.put = () => { throw new DOMException('full', 'QuotaExceededError'); };
  },
};

for (const [what, refuse] of Object.entries(refusals)) {
  test(`storage that ${what} is told once, and the work goes on`, async ({ playground }) => {
    await playground.page.addInitScript(refuse);
    await playground.page.clock.install();
    await playground.open();
    await playground.call('setModel', { layers: SMALL });
    await train(playground.page, 3);
    const text = what === 'is full' ? /storage is full/ : /does not let this page keep anything/;
    const message = messages(playground.page).getByText(text);
    await expect(message).toBeVisible({ timeout: 20_000 });
    await messages(playground.page).getByRole('button', { name: 'Dismiss' }).last().click();
    await expect(message).toBeHidden();
    await train(playground.page, 3);
    await playground.page.clock.runFor(10_000);
    await expect(message).toBeHidden();
    expect((await playground.page.evaluate(() => window.chalkgrad.save())) !== undefined).toBe(true);
  });
}

test.describe('in a sandboxed frame', () => {
  test.use({ expectedErrors: { patterns: [/CORS|net::ERR_FAILED|sandbox|favicon/] } });

  /** A page of a host with the playground in a frame that may do no more than `sandbox` says. */
  const embed = async ({ page, server }, sandbox) => {
    await page.goto(`${server.url}worker.js`);
    await page.setContent(`<iframe title="playground" sandbox="${sandbox}" src="${server.url}" style="width: 1200px; height: 700px"></iframe>`);
    return page.frameLocator('iframe');
  };

  test('of an origin of its own the page says that it cannot start', async ({ playground }) => {
    const frame = await embed(playground, 'allow-scripts');
    await expect(frame.getByRole('alert')).toContainText('allow-same-origin');
    await expect(frame.getByRole('alert')).toContainText('沙盒');
    await expect(frame.getByRole('alert')).not.toContainText('connection');
  });

  test('that keeps its origin it works', async ({ playground }) => {
    const frame = await embed(playground, 'allow-scripts allow-same-origin');
    await expect(frame.getByText('Looks like 3')).toBeVisible();
  });
});
