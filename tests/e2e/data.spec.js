
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
    await expect(page.getByRole('table', { name: 'Probabilities' }).getByRole('rowheader', { name: 'orange' })).toBeVisible();
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
    await expect(playground.page.getByText(/^progression: \d/)).toBeVisible();
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
