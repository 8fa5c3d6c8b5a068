// Data sets: the choice of one, class names, saved experiments, and a data set that does not come.
import { REFERENCE, SMALL, artifact, expect, test } from './playground.js';

const choice = (page) => page.getByLabel('Data set', { exact: true });

test.describe('data sets', () => {
  test('Fashion-MNIST is chosen, trained on and evaluated with the names of its classes', async ({ playground }) => {
    await playground.open();
    const { datasets } = await playground.page.evaluate(async () => ({ datasets: (await window.chalkgrad.ready).datasets }));
    expect(datasets).toEqual(expect.arrayContaining(['mnist', 'fashion-mnist']));
    const [described] = (await playground.call('datasets')).filter(({ name }) => name === 'fashion-mnist');
    expect(described).toMatchObject({ kind: 'image', input: { shape: [28, 28, 1], dtype: 'u8' }, target: { kind: 'class' }, train: 60_000, test: 10_000 });
    expect(described.target.classes[9]).toBe('Ankle boot');

    const { page } = playground;
    await choice(page).selectOption('fashion-mnist');
    // The list shows what is asked for; the data set in use changes when all of it is there.
    await expect.poll(async () => (await playground.call('getTraining')).dataset, { timeout: 60_000 }).toBe('fashion-mnist');
    await expect(page.getByRole('region', { name: 'Network' }).getByText('Fashion-MNIST', { exact: true })).toBeVisible();
    await expect(page.getByRole('button', { name: 'Sample: Ankle boot', exact: true })).toBeEnabled();
    await page.getByRole('button', { name: 'Sample: Ankle boot', exact: true }).click();
    await expect(page.getByText('true class: Ankle boot')).toBeVisible();

    expect(await playground.call('setModel', { layers: SMALL })).toMatchObject({ params: 7850 });
    const trained = await playground.call('train', { steps: 200 });
    expect(trained).toMatchObject({ state: 'done', steps: 200 });
    const result = await playground.call('evaluate');
    expect(result.accuracy, 'ten classes, 200 steps of a softmax regression').toBeGreaterThan(0.6);
    expect(result.confusion.flat().reduce((sum, count) => sum + count, 0)).toBe(10_000);
    await playground.press('Evaluate');
    const matrix = page.getByRole('table', { name: 'Confusion matrix' });
    await expect(matrix.getByRole('rowheader', { name: 'Sneaker' })).toBeVisible();
    await expect(matrix.getByRole('columnheader', { name: 'Sneaker' })).toBeVisible();

    const example = await page.evaluate(async () => {
      const { input, target, class: name } = await window.chalkgrad.example('test', 0);
      const outputs = await window.chalkgrad.predict(input.data);
      return { kind: input.data.constructor.name, length: input.data.length, target, name, outputs: outputs.length };
    });
    // The first test image of Fashion-MNIST is an ankle boot.
    expect(example).toEqual({ kind: 'Uint8Array', length: 784, target: 9, name: 'Ankle boot', outputs: 10 });
  });

  test('a saved experiment brings its data set back', async ({ playground }) => {
    await playground.open();
    await playground.call('setTraining', { dataset: 'fashion-mnist', trainSamples: 5000 });
    await playground.call('setModel', { layers: SMALL });
    await playground.call('train', { steps: 5 });
    const reopened = await playground.page.evaluate(async () => {
      const file = await window.chalkgrad.save();
      await window.chalkgrad.setTraining({ dataset: 'mnist' });
      const between = await window.chalkgrad.getTraining();
      await window.chalkgrad.open(file);
      const { dataset, trainSamples } = await window.chalkgrad.getTraining();
      return { between: between.dataset, dataset, trainSamples };
    });
    expect(reopened).toEqual({ between: 'mnist', dataset: 'fashion-mnist', trainSamples: 5000 });
    expect(await playground.call('train', { steps: 1 })).toMatchObject({ state: 'done', steps: 1 });
  });

  test('the pretrained network answers for digits only', async ({ playground }) => {
    await playground.open();
    const { page } = playground;
    await expect(page.getByText('This network was trained in advance')).toBeVisible();
    await playground.call('setTraining', { dataset: 'fashion-mnist' });
    await expect(page.getByText('This network was trained in advance')).toBeHidden();
    await expect(page.getByRole('option', { name: /trained in advance|pretrained/i })).toHaveCount(0);
    await playground.call('setTraining', { dataset: 'mnist' });
    expect((await playground.call('getModel')).layers).toHaveLength(REFERENCE.length);
  });

  test('a misspelt data set is refused with the nearest name', async ({ playground }) => {
    await playground.open();
    const error = await playground.rejection('setTraining', { dataset: 'fashion_mnist' });
    expect(error.code).toBe('unknown-dataset');
    expect(error.message).toContain('fashion-mnist');
    expect((await playground.call('getTraining')).dataset).toBe('mnist');
    expect((await playground.rejection('example', 'test', 10_000)).code).toBe('bad-setting');
    expect((await playground.rejection('example', 'test', -1)).code).toBe('bad-setting');
  });

  test.describe('that cannot be had', () => {
    test.use({ expectedErrors: { patterns: [/fashion-mnist/] } });

    test('leave the former one, with a clear error', async ({ playground }) => {
      await playground.page.route('**/data/fashion-mnist/**', (route) => route.fulfill({ status: 404, body: '' }));
      await playground.open();
      const error = await playground.rejection('setTraining', { dataset: 'fashion-mnist', batchSize: 16 });
      expect(error.code).toBe('data-unavailable');
      expect(error.message).toMatch(/manifest\.json.*404/);
      expect(await playground.call('getTraining')).toMatchObject({ dataset: 'mnist', batchSize: 32 });

      await choice(playground.page).selectOption('fashion-mnist');
      await expect(playground.page.getByText(/manifest\.json could not be fetched/)).toBeVisible();
      await expect(choice(playground.page)).toHaveValue('mnist');
      expect(await playground.call('train', { steps: 2 })).toMatchObject({ state: 'done', steps: 2 });
    });
  });
});

test.describe('tables and points', () => {
  const dense = (units, activation) => ({ type: 'Dense', units, activation });

  test('a spiral is learned with one output for two classes', async ({ playground }) => {
    await playground.open();
    const { page } = playground;
    const started = await playground.call('setTraining', {
      dataset: 'spiral', loss: 'binary_crossentropy', metrics: ['accuracy', 'auc', 'f1'], epochs: 60,
      optimizer: { type: 'Adam', learningRate: 0.01 },
    });
    expect(started).toMatchObject({ dataset: 'spiral', trainSamples: 1000, metrics: ['accuracy', 'auc', 'f1'] });
    // The network of before takes images: it stays, and cannot be trained.
    expect((await playground.rejection('train', { steps: 1 })).code).toBe('wrong-input');
    expect((await playground.call('getModel')).layers).toHaveLength(REFERENCE.length);
    expect(await playground.call('setModel', { inputShape: [2], layers: [dense(32, 'tanh'), dense(32, 'tanh'), dense(1, 'sigmoid')] }))
      .toMatchObject({ params: 96 + 1056 + 33 });
    const history = await playground.call('train');
    expect(history.metrics.auc).toHaveLength(60);
    expect(history.metrics.accuracy).toEqual(history.epochAccuracy);
    const result = await playground.call('evaluate');
    expect(result.accuracy).toBeGreaterThan(0.95);
    expect(result.metrics.auc).toBeGreaterThan(0.98);
    expect(result.perClass.map(({ name }) => name)).toEqual(['blue', 'orange']);
    expect(result.perClass.reduce((sum, { support }) => sum + support, 0)).toBe(500);
    expect(result.confusion.map((row) => row.length)).toEqual([2, 2]);

    await expect(page.getByRole('group', { name: 'Examples of the test set' }).getByText('Example 1 of 500')).toBeVisible();
    await playground.press('Next example');
    await expect(page.getByText('Example 2 of 500')).toBeVisible();
    await expect(page.locator('.bars').getByRole('rowheader', { name: 'orange' })).toBeVisible();
  });

  test('a value is predicted from a standardised table', async ({ playground }) => {
    await playground.open();
    const wrong = await playground.rejection('setTraining', { dataset: 'diabetes' });
    expect(wrong.code).toBe('bad-setting');
    expect(wrong.message).toContain('mean_squared_error');
    await playground.call('setTraining', {
      dataset: 'diabetes', loss: 'mean_squared_error', standardize: true, epochs: 30, optimizer: { type: 'Adam', learningRate: 0.05 },
    });
    await playground.call('setModel', { inputShape: [10], layers: [dense(32, 'relu'), dense(1, 'linear')] });
    const history = await playground.call('train');
    expect(history.epochAccuracy).toEqual([]);
    expect(history.metrics.mean_absolute_error).toHaveLength(30);
    const result = await playground.call('evaluate');
    // The mean of the training targets alone is about 65 off.
    expect(result.metrics.mean_absolute_error).toBeLessThan(55);
    expect(result.accuracy).toBeUndefined();
    expect(result.confusion).toBeUndefined();
    await playground.press('Evaluate');
    await expect(playground.page.getByText('on 88 test examples')).toBeVisible();
    await expect(playground.page.getByText(/^disease progression after a year: \d/)).toBeVisible();
  });

  test('a network for images is mended with one click when a table is chosen', async ({ playground }) => {
    await playground.open();
    const { page } = playground;
    await choice(page).selectOption('wine');
    await expect.poll(async () => (await playground.call('getTraining')).dataset).toBe('wine');
    await expect(page.getByText('The input shape does not fit the data', { exact: true }).first()).toBeVisible();
    await page.getByRole('button', { name: 'Use a dense network for this data' }).click();
    await expect.poll(async () => (await playground.call('getModel')).inputShape).toEqual([13]);
    await playground.call('setTraining', { standardize: true, epochs: 40, optimizer: { type: 'Adam', learningRate: 0.01 } });
    await playground.call('train');
    expect((await playground.call('evaluate')).accuracy).toBeGreaterThan(0.9);
    await playground.press('Evaluate');
    await expect(page.getByRole('table', { name: 'Confusion matrix' }).getByRole('rowheader', { name: 'grower 3' })).toBeVisible();
  });

  test('an autoencoder compares its output with the input', async ({ playground }) => {
    await playground.open();
    await playground.call('setTraining', { target: 'input', loss: 'binary_crossentropy', trainSamples: 2000 });
    await playground.call('setModel', { layers: [{ type: 'Flatten' }, dense(32, 'relu'), dense(784, 'sigmoid')] });
    const before = await playground.call('evaluate', { samples: 500 });
    await playground.call('train', { epochs: 3 });
    const after = await playground.call('evaluate', { samples: 500 });
    expect(after.metrics.mean_absolute_error).toBeLessThan(before.metrics.mean_absolute_error / 2);
    expect(after.accuracy).toBeUndefined();
    const wrong = await playground.rejection('setTraining', { metrics: ['accuracy'] });
    expect(wrong.message).toContain('mean_absolute_error');
  });

  test('breast cancer is told apart on two workers', async ({ playground }) => {
    await playground.open();
    await playground.call('setBackend', 'cpu', { workers: 2 });
    await playground.call('setTraining', { dataset: 'breast-cancer', standardize: true, metrics: ['accuracy', 'recall', 'auc'], epochs: 20 });
    await playground.call('setModel', { inputShape: [30], layers: [dense(16, 'relu'), dense(2, 'softmax')] });
    await playground.call('train');
    const result = await playground.call('evaluate');
    expect(result.metrics.auc).toBeGreaterThan(0.97);
    expect(result.metrics.recall).toBeGreaterThan(0.9);
    expect(result.perClass.map(({ name, support }) => [name, support > 0])).toEqual([['malignant', true], ['benign', true]]);
  });
});

test('the plane shows what the network answers everywhere, under the examples, while it trains', async ({ playground }) => {
  const { page } = playground;
  await playground.open();
  await playground.call('setTraining', { dataset: 'circles', epochs: 400, optimizer: { type: 'Adam', learningRate: 0.02 } });
  await playground.call('setModel', { inputShape: [2], layers: [{ type: 'Dense', units: 16, activation: 'relu' }, { type: 'Dense', units: 2, activation: 'softmax' }] });
  const plane = page.getByRole('img', { name: /^Answers of the network/ });
  await expect(plane).toBeVisible();
  await expect(page.getByText(/^Blue: .+ Orange: /)).toBeVisible();
  // The colour of the middle of the plane, at which the inner circle is, and of its corners.
  const colours = () => plane.evaluate((canvas) => {
    const { width, height } = canvas;
    const at = (x, y) => Array.from(canvas.getContext('2d').getImageData(Math.round(x * width), Math.round(y * height), 1, 1).data);
    return [at(0.55, 0.47), at(0.2, 0.06), at(0.95, 0.06), at(0.95, 0.85)];
  });
  await expect.poll(async () => (await colours())[0][3]).toBe(255);
  const before = await colours();
  await page.evaluate(() => { window.run = window.chalkgrad.train({}); });
  await expect.poll(async () => JSON.stringify(await colours())).not.toBe(JSON.stringify(before));
  const { metrics } = await page.evaluate(() => window.run);
  expect(metrics.accuracy.at(-1)).toBeGreaterThan(0.9);
  // The corners are answered alike, and otherwise than the middle: blue has more blue, orange more red.
  const isOrange = ([red, , blue]) => red > blue;
  await expect.poll(async () => (await colours()).slice(1).map(isOrange)).toEqual(Array(3).fill(!isOrange((await colours())[0])));
  await artifact(page, 'plane');
  await choice(page).selectOption('mnist');
  await expect(plane).toHaveCount(0);
});
