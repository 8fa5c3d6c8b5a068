// Looking inside a layer: its formula with numbers, its tensors by pointer and keyboard, and how it fares in training.
import { readFileSync, writeFileSync } from 'node:fs';
import { artifact, axeViolations, expect, test, written } from './playground.js';

const TABS = ['Settings', 'Weights', 'Activations', 'Gradients', 'Formula'];

/** Every layer there is. */
const ALL = [
  { type: 'Conv2D', filters: 4, kernelSize: [3, 3], strides: [2, 2], padding: 'same', activation: 'relu' },
  { type: 'BatchNormalization' },
  { type: 'Activation', activation: 'tanh' },
  { type: 'MaxPooling2D', poolSize: [2, 2] },
  { type: 'Conv2D', filters: 6, kernelSize: [3, 3], activation: 'elu' },
  { type: 'AveragePooling2D', poolSize: [2, 2], padding: 'same' },
  { type: 'Dropout', rate: 0.25 },
  { type: 'GlobalAveragePooling2D' },
  { type: 'Flatten' },
  { type: 'Dense', units: 16, activation: 'sigmoid' },
  { type: 'Dense', units: 10, activation: 'softmax' },
];

const view = (playground, name) => playground.page.getByRole('group', { name: 'What to look at' }).getByRole('button', { name });
const tensor = (playground, name) =>
  playground.page.evaluate(async (name) => {
    const { shape, data } = await window.chalkgrad.tensor(name);
    return { shape, data: Array.from(data) };
  }, name);
/** The rows of a table, cell by cell. */
const rows = (playground, name) =>
  playground.page.getByRole('table', { name }).evaluate((table) => [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.textContent.trim())));

/** Draws an image and waits until the page has shown what the network makes of it. */
async function chooseSample(playground) {
  await playground.draw([[0.3, 0.2], [0.7, 0.2], [0.45, 0.85]]);
  await expect(playground.page.getByText(/Looks like/)).toBeVisible();
}

/** Predicts the image in the input panel by the API, so that its outputs are those that the API reads. */
async function predictShown(playground) {
  const pixels = await playground.shownImage();
  await playground.page.evaluate((pixels) => window.chalkgrad.predict(Uint8Array.from(pixels)).then(() => {}), pixels);
}

async function fill(playground, values) {
  for (const [name, value] of Object.entries(values)) await playground.page.getByRole('spinbutton', { name, exact: true }).fill(String(value));
}

test('the formula of a convolution works out a number from the tensors that the API returns', async ({ playground }) => {
  await playground.open();
  await playground.call('train', { steps: 10 });
  await chooseSample(playground);
  await playground.card('conv2d_1').click();
  await view(playground, 'Formula').click();
  await expect(playground.page.locator('.formula math').first()).toBeVisible();
  await fill(playground, { Row: 4, Column: 6, Channel: 9, 'Input channel': 5 });
  await predictShown(playground);
  const [input, kernel, bias, output] = [
    await tensor(playground, 'max_pooling2d.output'),
    await tensor(playground, 'conv2d_1.kernel'),
    await tensor(playground, 'conv2d_1.bias'),
    await tensor(playground, 'conv2d_1.output'),
  ];
  expect(input.shape).toEqual([1, 13, 13, 32]);
  const product = (row, column, channel) => {
    const x = input.data[((4 + row) * 13 + 6 + column) * 32 + channel];
    const w = kernel.data[((row * 3 + column) * 32 + channel) * 64 + 9];
    return [x, w, Math.fround(x * w)];
  };
  const expected = [];
  for (let row = 0; row < 3; row += 1) {
    for (let column = 0; column < 3; column += 1) expected.push([`${4 + row}, ${6 + column}`, ...product(row, column, 5).map(written)]);
  }
  await expect.poll(() => rows(playground, 'Window on input channel 5 of 32')).toEqual(expected);
  let sum = 0;
  for (let channel = 0; channel < 32; channel += 1) for (let at = 0; at < 9; at += 1) sum += product(Math.floor(at / 3), at % 3, channel)[2];
  const value = output.data[(4 * 11 + 6) * 64 + 9];
  await expect.poll(async () => (await rows(playground, 'Result'))[0]).toEqual(['Sum of 288 products', written(sum)]);
  const result = await rows(playground, 'Result');
  expect(result[0]).toEqual(['Sum of 288 products', written(sum)]);
  expect(result[1]).toEqual(['+ bias[9]', written(bias.data[9])]);
  expect(result.at(-1)).toEqual(['relu(z) = conv2d_1.output[0, 4, 6, 9]', written(value)]);
  // The sum and the bias do give the output.
  expect(Math.max(0, sum + bias.data[9])).toBeCloseTo(value, 4);

  // A click on the image and the arrow keys choose another number.
  const image = playground.page.getByRole('img', { name: /click a number/ });
  const box = await image.boundingBox();
  await image.click({ position: { x: (2.5 / 11) * box.width, y: (7.5 / 11) * box.height } });
  await expect(playground.page.getByRole('spinbutton', { name: 'Row', exact: true })).toHaveValue('7');
  await expect(playground.page.getByRole('spinbutton', { name: 'Column', exact: true })).toHaveValue('2');
  await image.focus();
  await playground.page.keyboard.press('ArrowRight');
  await expect(playground.page.getByRole('spinbutton', { name: 'Column', exact: true })).toHaveValue('3');
});

test('every kind of layer has formulas, and its worked-out number is the one in the tensor', async ({ playground }) => {
  test.slow();
  await playground.open();
  await playground.call('setModel', { layers: ALL });
  await playground.call('train', { steps: 5 });
  await chooseSample(playground);
  const { layers } = await playground.page.evaluate(async () => window.chalkgrad.setModel(await window.chalkgrad.getModel()));
  await playground.call('train', { steps: 5 });
  await predictShown(playground);
  for (const { name } of layers) {
    await playground.card(name).click();
    await view(playground, 'Formula').click();
    await expect(playground.page.locator('.formula math').first(), name).toBeVisible();
    await expect(playground.page.getByRole('table', { name: 'Result' })).toBeVisible();
    const output = await tensor(playground, `${name}.output`);
    expect(output.shape[0], 'the prediction for the image in the input panel').toBe(1);
    // The numbers of the layer before stay until those of this one are there.
    await expect(async () => {
      const [label, shown] = (await rows(playground, 'Result')).at(-1);
      const place = label.match(/\[([\d, ]+)\]$/)[1].split(', ').map(Number);
      const index = place.slice(1).reduce((index, at, axis) => index * output.shape[axis + 1] + at, 0);
      expect(shown, name).toBe(written(output.data[index]));
    }).toPass();
  }
});

test('values are read with the arrow keys, and a channel is enlarged', async ({ playground }) => {
  await playground.open();
  await playground.card('conv2d').click();
  await view(playground, 'Weights').click();
  const image = playground.page.getByRole('img', { name: 'conv2d.kernel', exact: true });
  await expect(image).toHaveJSProperty('width', 23);
  await image.focus();
  for (const key of ['ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowDown']) await playground.page.keyboard.press(key);
  const kernel = await tensor(playground, 'conv2d.kernel');
  await expect(playground.page.getByText(/row 0, column 0:/)).toHaveCount(0);
  // Right of column 2 is the first column of the next kernel: the line between them is passed over.
  await expect(playground.page.getByText(`filter 0, input channel 0, row 1, column 2: ${written(kernel.data[(3 + 2) * 32])}`)).toBeVisible();
  await playground.page.keyboard.press('ArrowRight');
  await expect(playground.page.getByText(`filter 1, input channel 0, row 1, column 0: ${written(kernel.data[3 * 32 + 1])}`)).toBeVisible();
  await playground.page.keyboard.press('Enter');
  await expect(image).toHaveJSProperty('width', 3);
  await playground.page.keyboard.press('Escape');
  await expect(image).toHaveJSProperty('width', 23);
  await expect(playground.page.getByText(/^From −0\.\d+ to 0\.\d+; mean /)).toBeVisible();
  await playground.page.getByRole('group', { name: 'Which weight' }).getByRole('button', { name: 'bias' }).click();
  await expect(playground.page.getByRole('img', { name: 'conv2d.bias', exact: true })).toBeVisible();
});

test('gradients come with update ratios and dead units', async ({ playground }) => {
  await playground.open();
  await playground.card('dense').click();
  await view(playground, 'Gradients').click();
  await expect(playground.page.getByText('There are no numbers before the first training step.')).toBeVisible();
  await playground.call('train', { steps: 1 });
  // Adam's first step moves every weight whose gradient is not 0 by about the learning rate.
  await expect(playground.page.getByText(/\d+ of 64 units were 0 for the whole last batch/)).toBeVisible();
  const output = await tensor(playground, 'dense.output');
  const batch = output.data.length / 64;
  const dead = [...Array(64).keys()].filter((unit) => [...Array(batch).keys()].every((image) => output.data[image * 64 + unit] === 0));
  expect(batch, 'images of the last batch').toBe(32);
  await expect(playground.page.getByText(`${dead.length} of 64 units were 0`)).toBeVisible();
  const [[weight, ratio]] = await rows(playground, 'Last step');
  expect(weight).toBe('kernel');
  expect(Number(ratio)).toBeGreaterThan(0.001);
  expect(Number(ratio)).toBeLessThan(0.1);
});

test('gradients of activations are those that the API returns, channel by channel', async ({ playground }) => {
  await playground.open();
  await playground.card('conv2d_1').click();
  await view(playground, 'Gradients').click();
  await playground.call('train', { steps: 3 });
  await playground.page.getByRole('group', { name: 'Gradient of' }).getByRole('button', { name: 'output' }).click();
  await expect(playground.page.getByText(/first image of the last training batch/)).toBeVisible();
  const image = playground.page.getByRole('img', { name: 'grad conv2d_1.output', exact: true });
  // 64 channels of 11 x 11, eight in a row, with lines between them.
  await expect(image).toHaveJSProperty('width', 8 * 12 - 1);
  const { shape, data } = await tensor(playground, 'grad conv2d_1.output');
  expect(shape).toEqual([32, 11, 11, 64]);
  const largest = Math.max(...data.slice(0, 11 * 11 * 64).map(Math.abs));
  await expect(playground.page.getByText(`full colour stands for ±${written(largest)}.`)).toBeVisible();
  const shown = async (channel, row, column) => {
    const value = written(data[(row * 11 + column) * 64 + channel]);
    await expect(playground.page.getByText(`channel ${channel}, row ${row}, column ${column}: ${value}`, { exact: true })).toBeVisible();
  };
  await image.focus();
  await playground.page.keyboard.press('ArrowDown');
  for (let column = 0; column < 11; column += 1) {
    await shown(0, 0, column);
    await playground.page.keyboard.press('ArrowRight');
  }
  await shown(1, 0, 0);
  await playground.page.keyboard.press('ArrowDown');
  await shown(1, 1, 0);
  // A layer without weights has gradients too; and a run does not stand still while they are looked at.
  await playground.card('max_pooling2d_1').click();
  const before = (await tensor(playground, 'grad max_pooling2d_1.output')).data.slice(0, 1600);
  const pooled = playground.page.getByRole('img', { name: 'grad max_pooling2d_1.output', exact: true });
  await expect(pooled).toHaveJSProperty('width', 8 * 6 - 1);
  const scale = playground.page.getByText(/full colour stands for ±/);
  const first = await scale.textContent();
  expect((await playground.call('train', { steps: 100 })).steps).toBe(100);
  await expect(scale).not.toHaveText(first);
  expect((await tensor(playground, 'grad max_pooling2d_1.output')).data.slice(0, 1600)).not.toEqual(before);
});

/** The colours of a canvas's pixels, as text. */
const pixels = (canvas) =>
  canvas.evaluate((node) => {
    const { data } = node.getContext('2d').getImageData(0, 0, node.width, node.height);
    const colours = [];
    for (let at = 0; at < data.length; at += 4) colours.push(Array.from(data.slice(at, at + 3)).join(' '));
    return colours;
  });

test('the legend has the colours of the picture, and its scale is named, switched, made robust and locked', async ({ playground }) => {
  await playground.open();
  await playground.call('train', { steps: 2 });
  await playground.card('conv2d').click();
  await view(playground, 'Weights').click();
  const { page } = playground;
  const image = page.getByRole('img', { name: 'conv2d.kernel', exact: true });
  await expect(image).toHaveJSProperty('width', 23);
  const { data } = await tensor(playground, 'conv2d.kernel');
  const largest = Math.max(...data.map(Math.abs));
  await expect(page.getByText(`full colour stands for ±${written(largest)}.`)).toBeVisible();
  await expect(page.getByText(/^Root scale/)).toBeVisible();
  const legend = page.locator('canvas.tensor-scale');
  /** Finds the colour of each number in the legend: its place among the legend's pixels, or the nearest one. */
  const agrees = async (place) => {
    const bar = await legend.evaluate((node) => {
      const row = node.getContext('2d').getImageData(0, 3, node.width, 1).data;
      return [...Array(node.width).keys()].map((x) => Array.from(row.slice(4 * x, 4 * x + 3)));
    });
    const shown = (await pixels(image)).map((colour) => colour.split(' ').map(Number));
    for (let filter = 0; filter < 6; filter += 1) {
      const value = data[filter];
      const at = place(value / largest);
      const ratio = bar.length / (await legend.evaluate((node) => node.clientWidth));
      const x = Math.round(8 * ratio + ((at + 1) / 2) * (bar.length - 16 * ratio));
      const near = bar.slice(Math.max(0, x - 3), x + 4).map((colour) => Math.max(...colour.map((channel, axis) => Math.abs(channel - shown[4 * filter][axis]))));
      expect(Math.min(...near), `filter ${filter}`).toBeLessThan(8);
    }
  };
  await agrees((share) => Math.sign(share) * Math.sqrt(Math.abs(share)));
  const before = await pixels(image);
  await page.getByRole('group', { name: 'Scale of colours' }).getByRole('button', { name: 'Linear' }).click();
  await expect(page.getByText(/^Linear scale/)).toBeVisible();
  await expect.poll(() => pixels(image)).not.toEqual(before);
  await agrees((share) => share);
  await page.getByRole('button', { name: '99.5 %' }).click();
  await expect(page.getByText(/^\d+ numbers lie beyond the scale/)).toBeVisible();
  const sizes = data.map(Math.abs).sort((one, other) => one - other);
  const percentile = sizes[Math.floor((sizes.length - 1) * 0.995)];
  await expect(page.getByText(`full colour stands for ±${written(percentile)}.`)).toBeVisible();
  await page.getByRole('button', { name: 'Largest', exact: true }).click();
  await page.getByRole('button', { name: 'Lock scale' }).click();
  await playground.call('train', { steps: 30 });
  const after = await tensor(playground, 'conv2d.kernel');
  expect(Math.max(...after.data.map(Math.abs))).not.toBe(largest);
  await expect(page.getByText(/numbers lie beyond the scale/)).toBeAttached();
  await expect(page.getByText(`full colour stands for ±${written(largest)}.`)).toBeVisible();
  await page.getByRole('button', { name: 'Lock scale' }).click();
  await expect(page.getByText(`full colour stands for ±${written(Math.max(...after.data.map(Math.abs)))}.`)).toBeVisible();
  // The page remembers how pictures are drawn.
  await page.reload();
  await page.evaluate(() => window.chalkgrad.ready);
  await playground.card('conv2d').click();
  await view(playground, 'Weights').click();
  await expect(page.getByText(/^Linear scale/)).toBeVisible();
});

test('bars of a histogram stand for counts, and mark their numbers in the picture', async ({ playground }) => {
  await playground.open();
  await chooseSample(playground);
  await playground.card('conv2d').click();
  await view(playground, 'Activations').click();
  const { page } = playground;
  const bars = page.getByRole('img', { name: 'Histogram of conv2d.output' });
  await expect(bars).toBeVisible();
  // More than half of what ReLU returns is 0.
  await expect(page.getByText(/^The bar that holds 0 is broken/)).toBeVisible();
  await predictShown(playground);
  const { data } = await tensor(playground, 'conv2d.output');
  await bars.focus();
  await page.keyboard.press('ArrowRight');
  const high = Math.max(...data);
  const first = data.filter((value) => Math.floor((value * 48) / high) === 0).length;
  await expect(page.getByText(`${first.toLocaleString('en')} numbers (`)).toBeVisible();
  const image = page.getByRole('img', { name: 'conv2d.output', exact: true });
  const green = async () => (await pixels(image)).filter((colour) => colour === '16 148 84').length;
  await expect.poll(green).toBe(first);
  await page.keyboard.press('Escape');
  await expect.poll(green).toBe(0);
  await page.getByRole('group', { name: 'Counts' }).getByRole('button', { name: 'Log' }).click();
  await expect(page.getByText(/^The bar that holds 0 is broken/)).toBeHidden();
});

test('softmax regression shows its classes as templates', async ({ playground }) => {
  await playground.open();
  await playground.call('setModel', { layers: [{ type: 'Flatten' }, { type: 'Dense', units: 10, activation: 'softmax' }] });
  await playground.call('train', { steps: 30 });
  await playground.card('dense').click();
  await view(playground, 'Weights').click();
  const { page } = playground;
  const image = page.getByRole('img', { name: 'dense.kernel', exact: true });
  // Ten images of 28 x 28 pixels, four in a row.
  await expect(image).toHaveJSProperty('width', 4 * 29 - 1);
  await expect(image).toHaveJSProperty('height', 3 * 29 - 1);
  await expect(page.getByText(/^One template for each class/)).toBeVisible();
  await expect(page.locator('.tile-label')).toHaveText([...Array(10).keys()].map(String));
  const { data } = await tensor(playground, 'dense.kernel');
  const box = await image.boundingBox();
  // Row 9, column 12 of the template of class 5, the second of the second row.
  await image.hover({ position: { x: ((29 + 12.5) / 115) * box.width, y: ((29 + 9.5) / 86) * box.height } });
  await expect(page.getByText(`class 5, channel 0, row 9, column 12: ${written(data[(9 * 28 + 12) * 10 + 5])}`)).toBeVisible();
  await page.getByRole('combobox', { name: 'Unit' }).selectOption('matrix');
  await expect(image).toHaveJSProperty('width', 10);
  await expect(page.getByText('256 of 784 rows are shown.')).toBeVisible();
  await page.getByRole('button', { name: 'Show all 784' }).click();
  await expect(image).toHaveJSProperty('height', 784);
  await expect(page.getByText(/rows are shown/)).toBeHidden();
});

test('kernels are seen filter by filter, sorted, with bias and map', async ({ playground }) => {
  await playground.open();
  await chooseSample(playground);
  await playground.card('conv2d_1').click();
  await view(playground, 'Weights').click();
  const { page } = playground;
  await expect(page.getByText('256 of 2,048 images are shown.')).toBeVisible();
  await page.getByRole('combobox', { name: 'Order' }).selectOption('norm');
  const { data } = await tensor(playground, 'conv2d_1.kernel');
  const norms = [...Array(64).keys()].map((filter) => data.reduce((sum, value, at) => (at % 64 === filter ? sum + value * value : sum), 0));
  const order = [...norms.keys()].sort((one, other) => norms[other] - norms[one]);
  const filters = page.getByRole('combobox', { name: 'Filter' });
  await expect.poll(() => filters.evaluate((list) => [...list.options].slice(1, 6).map((option) => Number(option.value)))).toEqual(order.slice(0, 5));
  await filters.selectOption(String(order[0]));
  const image = page.getByRole('img', { name: 'conv2d_1.kernel', exact: true });
  // 32 planes of 3 x 3, six in a row.
  await expect(image).toHaveJSProperty('width', 23);
  await image.focus();
  await page.keyboard.press('ArrowRight');
  await expect(page.getByText(`filter ${order[0]}, input channel 0, row 0, column 0: ${written(data[order[0]])}`)).toBeVisible();
  const bias = (await tensor(playground, 'conv2d_1.bias')).data[order[0]];
  await expect(page.getByText(`Bias of filter ${order[0]}: ${written(bias)}`)).toBeVisible();
  await expect(page.getByRole('img', { name: `Map of filter ${order[0]} in conv2d_1.output` })).toHaveJSProperty('width', 11);
});

test('a picture is saved with title, legend and configuration', async ({ playground }) => {
  await playground.open();
  await playground.card('conv2d').click();
  await view(playground, 'Weights').click();
  const { page } = playground;
  const menus = page.getByRole('group', { name: 'Save the picture' });
  await expect(page.getByText(/full colour stands/)).toBeVisible();
  const saved = async (menu, kind) => {
    const [download] = await Promise.all([page.waitForEvent('download'), menu.getByRole('button', { name: kind }).click()]);
    return [download.suggestedFilename(), readFileSync(await download.path())];
  };
  for (const [at, name, size] of [[0, 'conv2d.kernel', 2 * (22 * 23 + 32)], [1, 'conv2d.kernel-histogram', 2 * (480 + 32)]]) {
    const menu = menus.nth(at);
    const [svgName, svg] = await saved(menu, 'SVG');
    expect(svgName).toBe(`${name}.svg`);
    for (const part of ['conv2d.kernel', 'parameters · Adam 0.001 · batch 32', ...(at ? [] : ['Root scale', 'data:image/png'])]) expect(svg.toString()).toContain(part);
    const [pngName, png] = await saved(menu, 'PNG');
    expect(pngName).toBe(`${name}.png`);
    expect(png.readUInt32BE(16), 'width of the image').toBe(size);
    if (process.env.ARTIFACTS) writeFileSync(new URL(`artifacts/${pngName}`, import.meta.url), png);
  }
});

for (const width of [390, 1024, 1280, 1366, 1440]) {
  test(`no formula is cut, ${width} pixels wide`, async ({ playground }) => {
    await playground.page.setViewportSize({ width, height: 800 });
    await playground.open();
    await playground.show('network');
    for (const layer of ['conv2d_1', 'max_pooling2d', 'dense_1']) {
      await playground.card(layer).click();
      await view(playground, 'Formula').click();
      await expect(playground.page.locator('.formula math').first()).toBeVisible();
      const wide = await playground.page.locator('.formulas').evaluateAll((all) => all.map((one) => one.scrollWidth - one.clientWidth));
      expect(Math.max(...wide), layer).toBeLessThanOrEqual(0);
    }
  });
}

for (const colorScheme of ['light', 'dark']) {
  for (const [width, height] of [[1280, 800], [390, 844]]) {
    test(`axe finds nothing on any view of a layer, ${colorScheme}, ${width} pixels wide`, async ({ playground }) => {
      await playground.page.emulateMedia({ colorScheme });
      await playground.page.setViewportSize({ width, height });
      await playground.open();
      await playground.call('train', { steps: 2 });
      await playground.show('network');
      await playground.card('conv2d_1').click();
      for (const tab of TABS) {
        await view(playground, tab).click();
        if (tab === 'Formula') {
          // A view is filled once it is on the screen, and on a phone this one is below its edge.
          await playground.page.getByRole('heading', { name: 'How one number is computed' }).scrollIntoViewIfNeeded();
          await expect(playground.page.getByRole('table', { name: 'Result' })).toBeVisible();
        } else if (tab !== 'Settings') {
          await expect(playground.page.getByText(/full colour stands/)).toBeVisible();
        }
        expect(await axeViolations(playground.page), tab).toEqual([]);
        const place = playground.page.locator(width < 720 ? '.card-detail' : '.inspector');
        await artifact(place, `inspector-${tab.toLowerCase()}-${width}-${colorScheme}`);
      }
      const overflow = await playground.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      expect(overflow).toBeLessThanOrEqual(0);
    });
  }
}
