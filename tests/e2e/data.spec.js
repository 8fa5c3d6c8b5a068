// Data sets: the choice of one, class names, saved experiments, and a data set that does not come.
import { REFERENCE, SMALL, expect, test } from './playground.js';

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
