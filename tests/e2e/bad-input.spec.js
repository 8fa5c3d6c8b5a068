// Faults around the page: data, network, browser, worker. The page reports them clearly and loses nothing.
import fs from 'node:fs';
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

test('when the connection is back, the data comes by itself and the message goes', async ({ playground, server, context }) => {
  for (const name of ['manifest.json', 'train-0.bin.gz', 'test-0.bin.gz']) {
    server.faults.set(name, (_, response) => void response.destroy());
  }
  await playground.open();
  await expect(playground.retry).toBeVisible();
  await context.setOffline(true);
  server.faults.clear();
  await context.setOffline(false);
  await expect(playground.retry).toBeHidden();
  await playground.call('setModel', { layers: SMALL });
  expect(await playground.call('train', { steps: 1 })).toMatchObject({ state: 'done' });
  await expect(playground.page.locator('.notice-error')).toHaveCount(0);
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

test('a browser in which WebAssembly is switched off is told so, not that it is too old', async ({ playground }) => {
  await playground.page.addInitScript(() => delete window.WebAssembly);
  await playground.page.goto(playground.server.url);
  const alert = playground.page.getByRole('alert');
  await expect(alert).toContainText('switched off');
  await expect(alert).toContainText('Lockdown Mode');
  await expect(alert).toContainText('锁定模式');
  await expect(alert).not.toContainText('too old');
  expect(await playground.page.evaluate(() => window.chalkgrad.ready.catch((error) => error.code))).toBe('no-webassembly');
});

test('a page whose program does not arrive says so', async ({ playground, server }) => {
  server.faults.set('index.html', (bytes) => Buffer.from(bytes.toString().replaceAll('_bg.wasm', '_gone.wasm').replace(/(chalkgrad-relaxed)-[0-9a-f]+/, '$1-gone')));
  await playground.page.goto(server.url);
  await expect(playground.page.getByRole('alert')).toContainText('could not be loaded');
  await expect(playground.page.getByRole('button', { name: /Reload/ })).toBeVisible();
});

test('a worker that is never answered is given up for another one', async ({ playground, server }) => {
  let requests = 0;
  server.faults.set('worker.js', (bytes) => (requests++ === 0 ? undefined : bytes));
  await playground.open();
  expect(requests).toBeGreaterThan(1);
  expect((await playground.call('train', { steps: 3 })).state).toBe('done');
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

/** A wasm program whose memory may grow to this number of pages of 64 KiB. */
function limitMemory(bytes, pages) {
  const leb = (value) => (value < 128 ? [value] : [(value & 127) | 128, ...leb(value >>> 7)]);
  const read = (at) => {
    let [value, shift] = [0, 0];
    for (;;) {
      const byte = bytes[at++];
      value |= (byte & 127) << shift;
      if (byte < 128) return [value, at];
      shift += 7;
    }
  };
  for (let at = 8; at < bytes.length; ) {
    const id = bytes[at];
    const [size, content] = read(at + 1);
    if (id === 5) {
      // One memory: flags, then the pages that it begins with.
      const [first] = read(content + 2);
      const section = [1, 1, ...leb(first), ...leb(pages)];
      return Buffer.concat([bytes.subarray(0, at), Buffer.from([5, ...leb(section.length), ...section]), bytes.subarray(content + size)]);
    }
    at = content + size;
  }
  throw new Error('no memory section');
}

test('a program that traps for want of memory is replaced, from the last snapshot, and says so', async ({ playground, server }) => {
  const programs = fs.readdirSync(new URL('../../dist/', import.meta.url)).filter((name) => /^chalkgrad.*\.wasm$/.test(name));
  // 96 MiB: enough for the page and for the worker with its images, but not for 60 MB more in the worker.
  for (const name of programs) server.faults.set(name, (bytes) => limitMemory(bytes, 1536));
  await playground.open();
  await playground.call('setModel', { layers: SMALL });
  await playground.call('setTraining', { trainSamples: 2000 });
  await playground.call('train', { epochs: 1 });
  const kernel = () => playground.page.evaluate(async () => Array.from((await window.chalkgrad.tensor('dense.kernel')).data));
  const trained = await kernel();
  const outcome = await playground.page.evaluate(async () => {
    const { chalkgrad } = window;
    const warning = new Promise((resolve) => chalkgrad.on('warning', resolve));
    const lost = await chalkgrad.predict(new Uint8Array(784 * 76_500)).then(() => 'answered', (error) => error.code);
    const { code, message } = await warning;
    return { lost, code, message };
  });
  expect(outcome.lost).toBe('worker-restarted');
  expect(outcome.code).toBe('worker-restarted');
  expect(outcome.message).toMatch(/RuntimeError|memory|cannot go on/);
  await expect(playground.page.getByText(/restarted/i).first()).toBeVisible();
  expect(await kernel()).toEqual(trained);
  expect(await playground.call('train', { steps: 3 })).toMatchObject({ state: 'done', steps: 3 });
});

test.describe('in Chinese', () => {
  test.use({ locale: 'zh-CN' });

  test('errors are said in Chinese, but for names', async ({ playground, server }) => {
    server.faults.set('train-0.bin.gz', (bytes) => bytes.subarray(0, bytes.length / 2));
    await playground.open();
    const { page } = playground;
    const texts = [];
    const notices = page.locator('.notice p');
    await expect(notices.filter({ hasText: 'train-0.bin.gz' })).toBeVisible();
    await page.workers()[0].evaluate(() => self.close());
    await page.evaluate(() => window.chalkgrad.evaluate({ samples: 100 }).catch(() => {}));
    await expect(notices.filter({ hasText: '重新启动' })).toBeVisible();
    texts.push(...(await notices.allTextContents()));

    const network = page.getByRole('region', { name: '网络' });
    const change = async (name, action) => {
      await network.getByRole('button', { name: new RegExp(`\\b${name}\\b`) }).first().click();
      await page.getByRole('button', { name: action, exact: true }).first().click();
    };
    const faults = page.locator('.card-fault, .fault-box').filter({ hasText: /\S/ });
    for (const [name, action] of [['flatten', '删除'], ['conv2d_2', '下移']]) {
      await change(name, action);
      await expect(faults.first()).toBeVisible();
      texts.push(...(await faults.allTextContents()));
      await page.getByRole('button', { name: '撤销', exact: true }).first().click();
      await expect(faults).toHaveCount(0);
    }

    const names = /\b(mnist|train-0\.bin\.gz|[a-z]+\d?d?(_\d)|Flatten|Dense|Conv2D|MaxPooling2D|GlobalAveragePooling2D|conv2d|dense|flatten|max_pooling2d|MNIST|RuntimeError)\b/g;
    const words = texts.flatMap((text) => text.replace(names, '').match(/[A-Za-z]{2,}/g) ?? []);
    console.log(texts.join('\n'));
    expect(words).toEqual([]);
    expect(texts.length).toBeGreaterThan(3);
  });
});
