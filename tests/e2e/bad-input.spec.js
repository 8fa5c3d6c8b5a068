// What can go wrong around the page: data, network, browser, worker. Said clearly, and nothing lost.
import { expect, SMALL, test } from './playground.js';

test.use({ expectedErrors: { patterns: [/Failed to load resource/, /net::ERR/] } });

const faults = {
  truncated: (bytes) => bytes.subarray(0, bytes.length / 2),
  corrupt: (bytes) => {
    const changed = Buffer.from(bytes);
    changed.fill(0x55, 5000, 5400);
    return changed;
  },
  'cut off': (bytes, response) => {
    response.setHeader('Content-Length', bytes.length);
    response.write(bytes.subarray(0, 1000), () => response.destroy());
  },
};

for (const [what, fault] of Object.entries(faults)) {
  test(`a ${what} shard is named, tried twice, and can be tried again`, async ({ playground, server }) => {
    server.faults.set('train-0.bin.gz', fault);
    await playground.open();
    await expect(playground.page.getByText(/train-0\.bin\.gz/).first()).toBeVisible();
    await expect(playground.retry).toBeVisible();
    expect(server.count('train-0.bin.gz')).toBe(2);

    server.faults.clear();
    await playground.retry.click();
    await playground.call('setModel', { layers: SMALL });
    expect(await playground.call('train', { steps: 3 })).toMatchObject({ state: 'done', steps: 3 });
    await expect(playground.retry).toBeHidden();
  });
}

test('without a network the page works, and says what it could not fetch', async ({ playground, server }) => {
  for (const name of ['manifest.json', 'train-0.bin.gz', 'test-0.bin.gz']) {
    server.faults.set(name, (_, response) => void response.destroy());
  }
  await playground.open();
  await expect(playground.retry).toBeVisible();
  const probabilities = await playground.page.evaluate(async () => Array.from(await window.chalkgrad.predict(new Uint8Array(784))));
  expect(probabilities).toHaveLength(10);
  server.faults.clear();
  await playground.retry.click();
  await playground.call('setModel', { layers: SMALL });
  expect(await playground.call('train', { steps: 1 })).toMatchObject({ state: 'done' });
});

test('a browser without WebAssembly SIMD gets a plain message and loads no program', async ({ playground, server }) => {
  await playground.page.addInitScript(() => {
    WebAssembly.validate = () => false;
  });
  await playground.page.goto(server.url);
  await expect(playground.page.getByRole('alert')).toContainText('too old');
  await expect(playground.page.getByRole('alert')).toContainText('浏览器');
  expect(await playground.page.evaluate(() => window.chalkgrad.ready.catch((error) => error.code))).toBe('no-simd');
  expect(server.requests.filter((request) => request.name.endsWith('.wasm'))).toEqual([]);
});

test('a page whose program does not arrive says so', async ({ playground, server }) => {
  server.faults.set('index.html', (bytes) => Buffer.from(bytes.toString().replace(/(_bg|-relaxed-[0-9a-f]+)\.wasm/g, '_gone.wasm')));
  await playground.page.goto(server.url);
  await expect(playground.page.getByRole('alert')).toContainText('could not be loaded');
  await expect(playground.page.getByRole('button', { name: /Reload/ })).toBeVisible();
});

test('a worker that dies is replaced, from the last epoch', async ({ playground }) => {
  await playground.open();
  await playground.call('setModel', { layers: SMALL });
  await playground.call('setTraining', { trainSamples: 2000 });
  await playground.call('train', { epochs: 1 });
  const kernel = () => playground.page.evaluate(async () => Array.from((await window.chalkgrad.tensor('dense.kernel')).data));
  const trained = await kernel();
  const warning = playground.page.evaluate(
    () => new Promise((resolve) => window.chalkgrad.on('warning', (report) => resolve(report.code))),
  );
  await playground.page.workers()[0].evaluate(() => self.close());
  // The page notices as soon as it expects an answer and none comes.
  const lost = playground.call('evaluate', { samples: 100 });
  expect(await warning).toBe('worker-restarted');
  expect((await lost).error?.code ?? 'answered').toMatch(/worker-restarted|answered/);
  await expect(playground.page.getByText(/restarted/i).first()).toBeVisible();
  expect(await kernel()).toEqual(trained);
});
