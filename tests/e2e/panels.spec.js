// Views and sharing beside the network itself, and accessibility.
import { deflateRawSync } from 'node:zlib';
import { artifact, axeViolations, expect, Playground, test, written } from './playground.js';

const view = (playground, name) => playground.page.getByRole('group', { name: 'What to look at' }).getByRole('button', { name });

test('shows weights, activations and gradients of the selected layer, with the value under the pointer', async ({ playground }) => {
  await playground.open();
  await playground.call('train', { steps: 1 });
  await playground.card('conv2d').click();
  for (const [button, tensor, width] of [['Weights', 'conv2d.kernel', 23], ['Activations', 'conv2d.output', 161], ['Gradients', 'grad conv2d.kernel', 23]]) {
    await view(playground, button).click();
    const image = playground.page.getByRole('img', { name: tensor, exact: true });
    await expect(image).toHaveJSProperty('width', width);
    await expect(playground.page.getByText(/full colour stands for ±0\.\d*[1-9]|full colour stands for ±[1-9]/)).toBeVisible();
  }
  await view(playground, 'Weights').click();
  const image = playground.page.getByRole('img', { name: 'conv2d.kernel', exact: true });
  await expect(image).toHaveJSProperty('width', 23);
  await expect(playground.page.getByText(/full colour stands/)).toBeVisible();
  await image.evaluate((element) => element.scrollIntoView({ block: 'center' }));
  const box = await image.boundingBox();
  // Kernel 1, row 1, column 2: the pixel (6, 1) of an image 23 pixels wide.
  await image.hover({ position: { x: (6.5 / 23) * box.width, y: (1.5 / 23) * box.height } });
  const kernel = await playground.page.evaluate(async () => (await window.chalkgrad.tensor('conv2d.kernel')).data);
  const value = written(kernel[(3 + 2) * 32 + 1]);
  await expect(playground.page.getByText(`filter 1, input channel 0, row 1, column 2: ${value}`)).toBeVisible();
  await playground.card('flatten').click();
  await view(playground, 'Weights').click();
  await expect(playground.page.getByText('This layer has no weights.')).toBeVisible();
});

test('starts from known networks, as an edit that can be undone', async ({ playground }) => {
  await playground.open();
  const initial = await playground.layerTypes();
  const list = playground.page.getByRole('combobox', { name: 'Start from' });
  await list.selectOption({ label: 'Softmax regression' });
  await expect.poll(() => playground.layerTypes()).toEqual(['Flatten', 'Dense']);
  await list.selectOption({ label: 'LeNet-5' });
  await expect.poll(async () => (await playground.layerTypes()).length).toBe(8);
  await playground.press('Undo');
  await playground.press('Undo');
  await expect.poll(() => playground.layerTypes()).toEqual(initial);
});

test('a link opens the same network, training and seed in another tab', async ({ playground, context }) => {
  await playground.open();
  const layers = [{ type: 'Flatten' }, { type: 'Dense', units: 12, activation: 'tanh' }, { type: 'Dense', units: 10, activation: 'softmax' }];
  await playground.call('setModel', { layers });
  await playground.call('setTraining', { seed: 7, optimizer: { type: 'SGD', learningRate: 0.5, momentum: 0.9 } });
  await playground.press('Copy a link to this network');
  await expect(playground.page).toHaveURL(/#m=/);
  const other = await context.newPage();
  await other.goto(playground.page.url());
  await other.evaluate(() => window.chalkgrad.ready);
  for (const method of ['getModel', 'getTraining']) {
    const expected = await playground.call(method);
    await expect.poll(() => other.evaluate((method) => window.chalkgrad[method](), method)).toEqual(expected);
  }
});

/** A link as the page writes it. */
const link = (moment) => `#m=${deflateRawSync(JSON.stringify(moment)).toString('base64url')}`;

for (const [width, height] of [[1280, 800], [390, 844]]) {
  test(`a link opens the digit, the layer and the view as well, ${width} pixels wide`, async ({ playground, context }) => {
    const { page } = playground;
    await playground.open();
    await playground.press('Sample digit, a 7');
    const first = await playground.shownImage();
    await playground.press('Next image of this class');
    await expect.poll(() => playground.shownImage()).not.toEqual(first);
    await expect(page.locator('.truth')).toContainText('7');
    const image = await playground.shownImage();
    await playground.call('setTraining', { seed: 11 });
    await playground.call('setModel', { layers: [{ type: 'Conv2D', filters: 6, kernelSize: [5, 5] }, { type: 'Flatten' }, { type: 'Dense', units: 10, activation: 'softmax' }] });
    await playground.card('conv2d').click();
    await view(playground, 'Formula').click();
    await playground.press('Copy a link to this network');
    await expect(page).toHaveURL(/#m=[\w-]+$/);
    expect(new URL(page.url()).hash.length).toBeLessThan(400);
    const other = await context.newPage();
    await other.setViewportSize({ width, height });
    await other.goto(page.url());
    await other.evaluate(() => window.chalkgrad.ready);
    const there = new Playground(other, playground.server);
    await expect(there.card('conv2d')).toHaveAttribute('aria-pressed', 'true');
    await expect(view(there, 'Formula')).toHaveAttribute('aria-pressed', 'true');
    await expect(other.locator('.formula math').first()).toBeVisible();
    await expect.poll(() => there.shownImage()).toEqual(image);
    expect((await there.call('getTraining')).seed).toBe(11);

    // A drawing comes along, too.
    await playground.draw([[0.5, 0.1], [0.5, 0.9]]);
    const drawn = await playground.shownImage();
    await playground.press('Copy a link to this network');
    await expect.poll(() => page.url()).not.toBe(other.url());
    await other.evaluate((hash) => { window.location.hash = hash; }, new URL(page.url()).hash);
    const difference = async () => (await there.shownImage()).reduce((sum, ink, at) => sum + Math.abs(ink - drawn[at]), 0) / 255;
    await expect.poll(difference).toBeLessThan(8);
  });
}

test('a link of the pretrained network opens it with its weights', async ({ playground, context }) => {
  const { page } = playground;
  await playground.open();
  await expect(page.getByText('Looks like 3')).toBeVisible();
  await playground.press('Copy a link to this network');
  await expect(page).toHaveURL(/#m=/);
  const other = await context.newPage();
  await other.goto(page.url());
  await expect(other.getByText('Looks like 3')).toBeVisible();
  await expect(other.getByText(/trained in advance: it classifies/)).toBeVisible();
});

const MODEL = { layers: [{ type: 'Flatten' }, { type: 'Dense', units: 10, activation: 'softmax' }] };
for (const [what, moment, message] of [
  ['a batch of no images', { m: MODEL, t: { batchSize: 0, seed: 5 } }, /batchSize/],
  ['a layer that does not fit', { m: { layers: [{ type: 'Dense', units: 10, activation: 'softmax' }] }, t: { seed: 5 } }, /dense/i],
  ['a layer selected that is not there', { m: MODEL, t: { seed: 5 }, l: 2 }, /link cannot be read/],
]) {
  test(`a link with ${what} is not applied in part`, async ({ playground }) => {
    const { page } = playground;
    await playground.open();
    const before = [await playground.call('getModel'), await playground.call('getTraining')];
    await page.evaluate((hash) => { window.location.hash = hash; }, link(moment));
    await expect(page.getByRole('region', { name: 'Messages' }).getByText(message)).toBeVisible();
    expect([await playground.call('getModel'), await playground.call('getTraining')]).toEqual(before);
  });
}

for (const [what, hash] of [['nonsense in the new form', '#m=!!'], ['a bomb', `#m=${deflateRawSync(Buffer.alloc(30 << 20)).toString('base64url')}`], ['nonsense', '#c=%7B%22model'], ['an unknown layer', '#c=' + encodeURIComponent('{"model":{"layers":[{"type":"Conv9D"}]}}')],
  ['10,000 layers', '#c=' + encodeURIComponent(JSON.stringify({ model: { layers: Array(10_000).fill({ type: 'Flatten' }) } }))]]) {
  test(`a link with ${what} is refused with a message, and the page works`, async ({ playground, server }) => {
    await playground.page.goto(server.url + hash);
    await playground.page.evaluate(() => window.chalkgrad.ready);
    await expect(playground.page.getByRole('region', { name: 'Messages' }).getByText(/link|Conv9D/)).toBeVisible();
    expect(await playground.layerTypes()).toHaveLength(8);
  });
}

for (const colorScheme of ['light', 'dark']) {
  for (const [width, height] of [[1280, 800], [390, 844]]) {
    test(`axe finds nothing, ${colorScheme}, ${width} pixels wide`, async ({ playground }) => {
      await playground.page.emulateMedia({ colorScheme });
      await playground.page.setViewportSize({ width, height });
      await playground.open();
      const check = async (what) => expect(await axeViolations(playground.page), what).toEqual([]);
      await playground.call('train', { steps: 2 });
      await playground.show('network');
      await playground.card('conv2d').click();
      await check('with a layer selected');
      await playground.showActions();
      await playground.press('Evaluate');
      await expect(playground.page.getByRole('table', { name: 'Confusion matrix' })).toBeVisible({ timeout: 60_000 });
      await playground.show('network');
      await view(playground, 'Weights').click();
      const legend = playground.page.getByText(/full colour stands/);
      await expect(legend).toBeVisible();
      // In the middle, so that the run bar of a phone covers no button by half, which depends on how far the page has scrolled.
      await legend.evaluate((element) => element.scrollIntoView({ block: 'center' }));
      await check('with a result and weights');
    });
  }
}

/** Regions that lie in the window as a whole, or as much of them as is in it, in pixels. */
const inView = (page, names) =>
  Promise.all(names.map(async (name) => {
    const box = await page.getByRole('region', { name, exact: true }).boundingBox();
    const window = page.viewportSize();
    const isWhole = box.x >= 0 && box.y >= 0 && box.x + box.width <= window.width && box.y + box.height <= window.height;
    return [name, isWhole && box.width > 150 && box.height > 100 ? 'in view' : JSON.stringify(box)];
  }));

for (const [width, height, names] of [[1366, 768, ['Input', 'Network', 'Curves', 'Layer']], [1024, 768, ['Network', 'Curves']]]) {
  test(`with 13 layers ${names.join(', ')} are in view without scrolling at ${width}x${height}`, async ({ playground }) => {
    const { page } = playground;
    await page.setViewportSize({ width, height });
    await playground.open();
    await page.getByRole('combobox', { name: 'Start from' }).selectOption({ label: 'Deeper, with batch normalisation' });
    await expect.poll(async () => (await playground.layerTypes()).length).toBeGreaterThanOrEqual(13);
    await playground.call('train', { steps: 2 });
    await playground.card('dense').click();
    // Below the charts their region has controls and a table, to which a low window scrolls.
    const whole = names.filter((name) => name !== 'Curves');
    expect(await inView(page, whole)).toEqual(whole.map((name) => [name, 'in view']));
    await expect(page.getByRole('region', { name: 'Curves', exact: true })).toBeInViewport();
    for (const caption of await page.locator('.chart figcaption').all()) await expect(caption).toBeInViewport({ ratio: 1 });
    for (const chart of await page.locator('.chart-canvas').all()) await expect(chart).toBeInViewport({ ratio: 1 });
    expect(await page.evaluate(() => [scrollX, scrollY, document.documentElement.scrollHeight - innerHeight])).toEqual([0, 0, 0]);
    await artifact(page, `one-screen-${width}`);
  });
}
