// Looking inside a layer: its formula with numbers, its tensors by pointer and keyboard, and how it fares in training.
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
  await expect(playground.page.getByText(`image 0, row 0, column 0:`)).toHaveCount(0);
  // Right of column 2 is the first column of the next kernel: the line between them is passed over.
  await expect(playground.page.getByText(`image 0, row 1, column 2: ${written(kernel.data[(3 + 2) * 32])}`)).toBeVisible();
  await playground.page.keyboard.press('ArrowRight');
  await expect(playground.page.getByText(`image 1, row 1, column 0: ${written(kernel.data[3 * 32 + 1])}`)).toBeVisible();
  await playground.page.keyboard.press('Enter');
  await expect(image).toHaveJSProperty('width', 3);
  await playground.page.keyboard.press('Escape');
  await expect(image).toHaveJSProperty('width', 23);
  await expect(playground.page.getByText(/^From -0\.\d+ to 0\.\d+; mean /)).toBeVisible();
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
    await expect(playground.page.getByText(`image ${channel}, row ${row}, column ${column}: ${value}`, { exact: true })).toBeVisible();
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

for (const colorScheme of ['light', 'dark']) {
  for (const [width, height] of [[1280, 800], [390, 844]]) {
    test(`axe finds nothing on any view of a layer, ${colorScheme}, ${width} pixels wide`, async ({ playground }) => {
      await playground.page.emulateMedia({ colorScheme });
      await playground.page.setViewportSize({ width, height });
      await playground.open();
      await playground.call('train', { steps: 2 });
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
