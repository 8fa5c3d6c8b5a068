// Points in the plane: the decision surface, the units of hidden layers over the plane, and a value as target.
import { artifact, axeViolations, expect, test } from './playground.js';

const dense = (units, activation) => ({ type: 'Dense', units, activation });
const plane = (page) => page.getByRole('img', { name: /^Answers of the network/ });

/** What each canvas shows, as text that changes with it. */
const contents = (locator) => locator.evaluateAll((canvases) => canvases.map((canvas) => {
  const { width, height } = canvas;
  if (width === 0 || height === 0) return '0x0';
  return `${width}x${height} ${Array.from(canvas.getContext('2d').getImageData(0, 0, width, height).data).reduce((sum, value, at) => (sum * 31 + value * (at % 97)) % 1e9, 7)}`;
}));

const open = async (playground, training, layers) => {
  await playground.open();
  await playground.call('setTraining', { optimizer: { type: 'Adam', learningRate: 0.01 }, ...training });
  await playground.call('setModel', { inputShape: [2], layers });
};

test('examples come by one request, and the plane asks for the answers of all layers together', async ({ playground }) => {
  const { page } = playground;
  await page.addInitScript(() => {
    window.asked = [];
    const post = Worker.prototype.postMessage;
    Worker.prototype.postMessage = function (message, ...rest) {
      window.asked.push(JSON.stringify(message, (key, value) => (ArrayBuffer.isView(value) ? `${value.length} numbers` : value)));
      return post.call(this, message, ...rest);
    };
  });
  await open(playground, { dataset: 'circles' }, [dense(6, 'tanh'), dense(4, 'tanh'), dense(2, 'softmax')]);
  await expect(plane(page)).toBeVisible();
  await expect.poll(async () => (await contents(playground.card('dense_1').locator('canvas')))[0]).not.toMatch(/^0x0/);
  const asked = await page.evaluate(() => window.asked);
  const examples = asked.filter((message) => message.includes('examples') && message.includes('train'));
  expect(examples.length, 'not one for each of 200 examples').toBeLessThan(4);
  const inspections = asked.filter((message) => message.includes('inspect') && message.includes('3200 numbers'));
  expect(inspections.some((message) => ['output', 'dense.output', 'dense_1.output', 'dense_2.output'].every((name) => message.includes(`"${name}"`)))).toBe(true);
});

test('the units of hidden layers are small surfaces, live while the network trains', async ({ playground }) => {
  const { page } = playground;
  await open(playground, { dataset: 'spiral', epochs: 60 }, [dense(10, 'tanh'), dense(8, 'tanh'), dense(2, 'softmax')]);
  const first = playground.card('dense').locator('canvas');
  // Two rows of four units of 40x40 places, with a pixel between them.
  await expect.poll(async () => (await contents(first))[0]).toMatch(/^163x81 /);
  await expect(playground.card('dense').getByText('The first 8 of 10', { exact: false })).toHaveCount(1);
  const before = await contents(first);
  await page.evaluate(() => { window.run = window.chalkgrad.train({}); });
  await expect.poll(async () => JSON.stringify(await contents(first))).not.toBe(JSON.stringify(before));
  await page.evaluate(() => window.run);

  await playground.card('dense').click();
  await page.getByRole('group', { name: 'What to look at' }).getByRole('button', { name: 'Activations', exact: true }).first().click();
  const picture = page.getByRole('img', { name: 'dense.output', exact: true });
  await expect(page.getByText('A picture for each unit', { exact: false })).toBeVisible();
  await expect(page.locator('.tile-label')).toHaveCount(10);
  await expect(page.locator('.tensor-scale').last()).toBeVisible();
  // The number under the cursor is what the network computes there, by the API's own weights.
  await picture.focus();
  await page.keyboard.press('ArrowRight');
  const text = await page.locator('#tensor-readout').textContent();
  const [, unit, x, y, value] = text.match(/unit (\d+) at \((.+), (.+)\): (.+)/);
  const number = (word) => Number(word.replace('−', '-'));
  const expected = await page.evaluate(async ([unit, x, y]) => {
    const [kernel, bias] = await Promise.all(['dense.kernel', 'dense.bias'].map((name) => window.chalkgrad.tensor(name)));
    return Math.tanh(x * kernel.data[unit] + y * kernel.data[10 + unit] + bias.data[unit]);
  }, [Number(unit), number(x), number(y)]);
  expect(number(value)).toBeCloseTo(expected, 2);
  await artifact(page, 'units');
  expect(await axeViolations(page)).toEqual([]);
});

test('asking over the plane leaves the tensors of the last step alone', async ({ playground }) => {
  const { page } = playground;
  await open(playground, { dataset: 'xor', batchSize: 20 }, [dense(4, 'relu'), dense(2, 'softmax')]);
  await expect(plane(page)).toBeVisible();
  await playground.call('train', { steps: 3 });
  await expect.poll(async () => (await contents(plane(page)))[0]).not.toMatch(/^0x0/);
  expect((await playground.call('tensor', 'dense.output')).shape).toEqual([20, 4]);
});

test('a value is shown on a scale, and predicted against true', async ({ playground }) => {
  const { page } = playground;
  await open(playground, { dataset: 'plane', loss: 'mean_squared_error', epochs: 5 }, [dense(1, 'linear')]);
  await expect(plane(page)).toBeVisible();
  await expect(page.getByText('Colour: height, predicted.', { exact: false })).toBeVisible();
  await playground.call('train');
  await playground.press('Evaluate');
  const chart = page.getByRole('img', { name: /^Predicted against true/ });
  await expect(chart).toBeVisible();
  const summary = await chart.getAttribute('aria-label');
  // R2 and mean absolute error, from the API alone.
  const expected = await page.evaluate(async () => {
    let [squares, spread, distance, all] = [0, 0, 0, []];
    for (let at = 0; at < 500; at += 1) {
      const { input, target } = await window.chalkgrad.example('test', at);
      const [predicted] = await window.chalkgrad.predict(input.data);
      all.push([target[0], predicted]);
    }
    const mean = all.reduce((sum, [truth]) => sum + truth, 0) / all.length;
    for (const [truth, predicted] of all) {
      squares += (truth - predicted) ** 2;
      spread += (truth - mean) ** 2;
      distance += Math.abs(truth - predicted) / all.length;
    }
    return { r2: 1 - squares / spread, distance };
  });
  const [, r2, error] = summary.match(/R² (\S+), mean absolute error (\S+)/);
  expect(Number(r2.replace('−', '-'))).toBeCloseTo(expected.r2, 2);
  expect(Number(error)).toBeCloseTo(expected.distance, 3);

  // The largest error by keyboard: its example becomes the input.
  await page.locator('.fit summary').click();
  const row = page.getByRole('table', { name: 'Largest errors as a table' }).getByRole('row').nth(1);
  const number = await row.getByRole('button').textContent();
  await row.getByRole('button').press('Enter');
  await expect(page.getByText(`Example ${number} of 500`)).toBeVisible();
  for (const kind of ['SVG', 'PNG']) {
    const [download] = await Promise.all([page.waitForEvent('download'), page.locator('.fit-chart').getByRole('button', { name: kind, exact: true }).click()]);
    expect(download.suggestedFilename()).toBe(`predicted-against-true.${kind.toLowerCase()}`);
  }
  await artifact(page, 'fit');
  expect(await axeViolations(page)).toEqual([]);
});
