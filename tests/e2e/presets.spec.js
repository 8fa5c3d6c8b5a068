// The menu of networks: each entry sets network, data set and training, shows its point, and Undo brings all of it back.
import { REFERENCE, artifact, axeViolations, expect, test } from './playground.js';

const menu = (page) => page.getByRole('combobox', { name: 'Start from' });

/** What Undo has to bring back. */
const configuration = async (playground) => ({ model: await playground.call('getModel'), training: await playground.call('getTraining') });

test('the menu is grouped by chapter, and an entry is chosen by keyboard', async ({ playground }) => {
  const { page } = playground;
  await playground.open();
  const groups = await menu(page).locator('optgroup').evaluateAll((groups) => groups.map(({ label, children }) => [label, children.length]));
  expect(groups.map(([label]) => label)).toEqual(expect.arrayContaining(['Dense networks', 'Convolution', 'Recurrent networks', 'Tables', 'Many dimensions']));
  expect(groups.every(([, entries]) => entries > 0)).toBe(true);
  await menu(page).focus();
  // A list that is closed chooses by what is typed.
  await page.keyboard.type('Softmax');
  await page.keyboard.press('Enter');
  await expect.poll(() => playground.layerTypes()).toEqual(['Flatten', 'Dense']);
  await expect(menu(page)).toHaveValue('');
  expect(await axeViolations(page, '.network')).toEqual([]);
});

test('a preset sets network, data set and training, says so, and Undo and Redo go both ways with the weights', async ({ playground }) => {
  const { page } = playground;
  await playground.open();
  await playground.call('setTraining', { seed: 11, batchSize: 64, optimizer: { type: 'SGD', learningRate: 0.05 }, trainSamples: 2000 });
  await playground.call('setModel', { layers: [{ type: 'Flatten' }, { type: 'Dense', units: 10, activation: 'softmax' }] });
  await playground.call('train', { steps: 7 });
  const before = await configuration(playground);
  const kernel = await page.evaluate(async () => Array.from((await window.chalkgrad.tensor('dense.kernel')).data.slice(0, 50)));

  await menu(page).selectOption('preset_spiral');
  await expect(page.getByText('Dense on the spiral: network, data set (Spiral) and training settings are set.', { exact: false }).first()).toBeVisible();
  await expect.poll(async () => (await playground.call('getModel')).inputShape).toEqual([2]);
  const preset = await configuration(playground);
  expect(preset.training).toMatchObject({ dataset: 'spiral', trainSamples: 1000, seed: 0, batchSize: 32, optimizer: { type: 'Adam', learningRate: 0.01 } });
  await expect(page.getByRole('img', { name: /^Answers of the network/ })).toBeVisible();

  await playground.press('Undo');
  await expect.poll(async () => (await configuration(playground))).toEqual(before);
  await expect.poll(() => page.evaluate(async () => Array.from((await window.chalkgrad.tensor('dense.kernel')).data.slice(0, 50)))).toEqual(kernel);
  await playground.press('Redo');
  await expect.poll(async () => (await configuration(playground))).toEqual(preset);
  await playground.press('Undo');
  await expect.poll(async () => (await configuration(playground))).toEqual(before);
});

test('the spiral is told apart in under a minute', async ({ playground }) => {
  const { page } = playground;
  await playground.open();
  await menu(page).selectOption('preset_spiral');
  await expect.poll(async () => (await playground.call('getModel')).inputShape).toEqual([2]);
  await playground.press('Train');
  await expect(page.getByText('Done', { exact: true }).first()).toBeVisible();
  expect((await playground.call('evaluate')).accuracy).toBeGreaterThan(0.97);
  await artifact(page, 'preset-spiral');
});

test('Fashion-MNIST: a run that is asked for while the data set comes trains the new network', async ({ playground }) => {
  const { page } = playground;
  await playground.open();
  await menu(page).selectOption('preset_fashion');
  await playground.press('Step');
  await expect(page.getByText('Epoch 1, batch 1 of 1,875')).toBeVisible();
  expect((await playground.call('getTraining')).dataset).toBe('fashion-mnist');
  expect(await playground.layerTypes()).toEqual(['Flatten', 'Dense', 'Dense']);
  const history = await playground.call('train');
  expect(history.epochs).toBe(3);
  expect((await playground.call('evaluate')).accuracy).toBeGreaterThan(0.86);
});

test.describe('without a connection', () => {
  test.use({ expectedErrors: { patterns: [/fashion-mnist/] } });

  test('a preset whose data set does not come changes nothing', async ({ playground }) => {
    const { page } = playground;
    await page.route('**/data/fashion-mnist/**', (route) => route.fulfill({ status: 404, body: '' }));
    await playground.open();
    const before = await configuration(playground);
    await menu(page).selectOption('preset_fashion');
    await expect(page.getByText(/manifest\.json could not be fetched/)).toBeVisible();
    expect(await configuration(playground)).toEqual(before);
    await expect(playground.button('Undo').first()).toBeDisabled();
    await expect(page.locator('button.card')).toHaveCount(REFERENCE.length);
  });
});

test('an autoencoder shows what it makes of digits', async ({ playground }) => {
  const { page } = playground;
  await playground.open();
  await menu(page).selectOption('preset_autoencoder');
  await expect.poll(async () => (await playground.call('getTraining')).target).toBe('input');
  await playground.call('setTraining', { trainSamples: 5000, epochs: 1 });
  await playground.call('train');
  const pair = page.getByRole('region', { name: 'Input' }).locator('.reconstruction');
  await page.getByRole('button', { name: /^Sample/ }).nth(3).click();
  await expect(pair.getByText('reconstruction')).toBeVisible();
  const ink = () => pair.locator('canvas').evaluateAll((canvases) => canvases.map((canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, 28, 28);
    return data.reduce((sum, value, at) => (at % 4 === 3 ? sum + value : sum), 0);
  }));
  await expect.poll(async () => (await ink()).every((sum) => sum > 5000)).toBe(true);
  await playground.press('Evaluate');
  const all = page.getByRole('region', { name: 'Test images and their reconstructions' });
  await expect(all.getByRole('button')).toHaveCount(8);
  await all.getByRole('button').nth(2).click();
  await expect(page.getByText('true digit', { exact: false }).or(page.getByText('true class', { exact: false })).first()).toBeVisible();
  await artifact(page, 'preset-autoencoder');
  expect(await axeViolations(page)).toEqual([]);
});

test('a table shows its columns by name, and an edited value is predicted for', async ({ playground }) => {
  const { page } = playground;
  await playground.open();
  await menu(page).selectOption('preset_breast_cancer');
  await expect.poll(async () => (await playground.call('getModel')).inputShape).toEqual([30]);
  await playground.call('train', { epochs: 5 });
  const [described] = (await playground.call('datasets')).filter(({ name }) => name === 'breast-cancer');
  expect(described.input.columns).toHaveLength(30);
  expect(described.input.columns[0]).toBe('mean radius');
  const radius = page.getByRole('textbox', { name: 'mean radius', exact: true });
  await expect(radius).toBeVisible();
  // In the units of the table, though the network gets standardised numbers.
  expect(Number(await radius.inputValue())).toBeGreaterThan(5);
  const share = () => page.locator('.bars .bar-value').first().textContent();
  await expect.poll(share).toMatch(/%/);
  const before = await share();
  const area = page.getByRole('textbox', { name: 'worst area', exact: true });
  const own = await area.inputValue();
  for (const name of ['worst radius', 'worst perimeter', 'worst area']) await page.getByRole('textbox', { name, exact: true }).fill('2000');
  await expect(page.getByText('Changed by hand')).toBeVisible();
  await expect.poll(share).not.toBe(before);
  // Far beyond every tumour the network is sure.
  await expect.poll(share).toMatch(/^(100|99\.9|0|<)/);
  const edited = await share();
  await playground.press('Restore');
  await expect(area).toHaveValue(own);
  await expect.poll(share).not.toBe(edited);
  await expect(page.getByText(/^true class: (malignant|benign)/)).toBeVisible();
  await artifact(page, 'preset-table');
  expect(await axeViolations(page)).toEqual([]);
});

test('a link of a preset is short, fetches its data set alone, and opens all of it', async ({ playground, context }) => {
  const { page } = playground;
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await playground.open();
  await menu(page).selectOption('preset_diabetes');
  await expect.poll(async () => (await playground.call('getModel')).inputShape).toEqual([10]);
  const expected = await configuration(playground);
  await playground.press('Copy a link to this network');
  await expect.poll(() => page.evaluate(() => window.location.hash.length)).toBeGreaterThan(10);
  const { href, hash } = await page.evaluate(() => ({ href: window.location.href, hash: window.location.hash }));
  expect(hash.length).toBeLessThan(400);
  const fetched = [];
  const other = await context.newPage();
  other.on('request', (request) => fetched.push(new URL(request.url()).pathname));
  await other.goto(href);
  await other.evaluate(() => window.chalkgrad.ready);
  await expect.poll(() => other.evaluate(async () => ({ model: await window.chalkgrad.getModel(), training: await window.chalkgrad.getTraining() }))).toEqual(expected);
  await expect(other.getByRole('textbox', { name: 'body mass index' })).toBeVisible();
  expect(fetched.filter((path) => path.includes('/data/diabetes/')).length).toBeGreaterThan(0);
  expect(fetched.filter((path) => path.includes('/data/mnist/'))).toEqual([]);
});

test('a loss that does not fit the output is changed with one click', async ({ playground }) => {
  const { page } = playground;
  await playground.open();
  await menu(page).selectOption('preset_spiral');
  await expect.poll(async () => (await playground.call('getModel')).inputShape).toEqual([2]);
  await playground.card('dense_3').click();
  await page.getByRole('spinbutton', { name: 'Units' }).or(page.getByRole('textbox', { name: 'Units' })).first().fill('1');
  await page.getByRole('button', { name: 'Use the loss binary_crossentropy' }).click();
  await expect.poll(async () => (await playground.call('getTraining')).loss).toBe('binary_crossentropy');
  await expect(page.locator('.fault-box')).toHaveCount(0);
});
