// The dock and the training bar: what is measured and kept of training, and when a run ends.
import fs from 'node:fs';
import { artifact, axeViolations, expect, SMALL, test } from './playground.js';

const TABS = ['Curves', 'Confusion', 'Mistakes', 'Histograms', 'Runs', 'Log'];
const tab = (playground, name) => playground.page.getByRole('tab', { name, exact: true });
const panel = (playground) => playground.page.locator('#dock-panel');
const field = (playground, name) => playground.page.getByRole('spinbutton', { name, exact: true });

/** A small model on few images, with validation. */
const small = async (playground, training = {}) => {
  await playground.open();
  await playground.call('setModel', { layers: SMALL });
  await playground.call('setTraining', { trainSamples: 2000, validationSplit: 0.1, ...training });
  await playground.showAllSettings();
};

test('one tab is open at a time, and the keyboard moves between them', async ({ playground }) => {
  await playground.open();
  await tab(playground, 'Curves').focus();
  for (const name of [...TABS.slice(1), TABS[0]]) {
    await playground.page.keyboard.press('ArrowRight');
    await expect(tab(playground, name)).toBeFocused();
    await expect(tab(playground, name)).toHaveAttribute('aria-selected', 'true');
    await expect(panel(playground)).toHaveAccessibleName(name);
    await expect(playground.page.locator('.dock [role=tab][tabindex="0"]')).toHaveCount(1);
    await expect(panel(playground).locator('section')).toHaveCount(1);
  }
  await playground.page.keyboard.press('End');
  await expect(tab(playground, 'Log')).toBeFocused();
  await playground.page.keyboard.press('Home');
  await expect(tab(playground, 'Curves')).toBeFocused();
});

test('curves are smoothed, compared and saved, and are there in numbers', async ({ playground }) => {
  await small(playground);
  await playground.call('train', { epochs: 2 });
  const chart = panel(playground).getByRole('img', { name: /^Loss over \d+ steps: from/ });
  await expect(chart).toHaveAccessibleName(/over 114 steps/);
  await expect(chart).toHaveAccessibleName(/On validation images: \d/);
  const values = () => chart.getAttribute('aria-label');
  const smooth = await values();
  await panel(playground).getByRole('slider', { name: 'Smoothing' }).fill('0');
  await expect(panel(playground).getByRole('slider')).toHaveAttribute('aria-valuetext', 'none');
  await playground.call('train', { steps: 1 });
  await expect.poll(values).not.toBe(smooth);

  await panel(playground).getByText('Epochs in numbers').first().click();
  const rows = panel(playground).getByRole('table', { name: 'Epochs in numbers' }).getByRole('row');
  await expect(rows).toHaveCount(3);
  await expect(rows.nth(2)).toContainText(/^2114/);

  const saved = async (name) => {
    const download = playground.page.waitForEvent('download');
    await playground.press(name);
    return fs.readFileSync(await (await download).path());
  };
  const lines = (await saved('CSV')).toString().trim().split('\n');
  expect(lines).toHaveLength(1 + 115);
  expect(lines[0]).toBe('step,loss,smoothed_loss,accuracy,smoothed_accuracy,validation_loss,validation_accuracy');
  expect(lines[114]).toMatch(/^114,\d\.\d{6},\d\.\d{6},[01]\.\d{6},[01]\.\d{6},\d\.\d{6},0\.\d{6}$/);
  // Accuracies are those of single batches of 32 (the last of an epoch has 8): no running mean of the epoch.
  for (const line of lines.slice(1)) expect((Number(line.split(',')[3]) * 32) % 1).toBeCloseTo(0, 3);
  const png = await saved('PNG');
  expect(png.subarray(1, 4).toString()).toBe('PNG');
  expect(png.readUInt32BE(16), 'width at twice the size').toBeGreaterThan(2000);
  const svg = (await saved('SVG')).toString();
  for (const text of ['Loss and accuracy while training', 'Adam 0.001', 'seed', 'steps', 'epoch 1', 'validation']) expect(svg).toContain(text);

  const legend = panel(playground).getByRole('list').first();
  await expect(legend.getByText('Run 1')).toHaveCount(0);
  await playground.press('Reset');
  await expect(panel(playground).getByText('The curve appears when you train.'), 'not painted over the earlier curve').toHaveCount(0);
  await playground.call('train', { steps: 20 });
  await expect(legend.getByText('Run 1')).toBeVisible();
});

test('the cross-hair reads all curves of both charts, and a part can be enlarged', async ({ playground }) => {
  await small(playground);
  await playground.call('train', { epochs: 2 });
  const charts = panel(playground).locator('.chart');
  const canvas = charts.first().getByRole('img');
  await canvas.scrollIntoViewIfNeeded();
  const box = await canvas.boundingBox();
  const at = (share) => [box.x + 50 + share * (box.width - 64), box.y + box.height / 2];
  await playground.page.mouse.move(...at(0.75));
  for (const chart of [0, 1]) {
    await expect(charts.nth(chart).getByText(/^step 8\d$/)).toBeVisible();
    await expect(charts.nth(chart).getByRole('listitem').filter({ hasText: /^training, smoothed/ })).toBeVisible();
    await expect(charts.nth(chart).getByRole('listitem').filter({ hasText: /^this batch/ })).toBeVisible();
    await expect(charts.nth(chart).getByRole('listitem').filter({ hasText: /^validation/ })).toBeVisible();
  }
  const whole = playground.button('Whole run');
  await expect(whole).toBeDisabled();
  await playground.page.mouse.move(...at(0.5));
  await playground.page.mouse.down();
  await playground.page.mouse.move(...at(0.9), { steps: 4 });
  await playground.page.mouse.up();
  await expect(whole).toBeEnabled();
  await playground.page.mouse.move(...at(0.01));
  await expect(charts.first().getByText(/^step (5[6-9]|6\d)$/)).toBeVisible();
  await whole.click();
  await playground.press('Zoom in');
  await expect(whole).toBeEnabled();
  await whole.click();
  // Other units, without a pointer.
  await panel(playground).getByRole('combobox', { name: 'Horizontal axis' }).selectOption({ label: 'epochs' });
  await playground.page.mouse.move(...at(0.5));
  await expect(charts.first().getByText(/^step 5\d$/)).toBeVisible();
  await panel(playground).getByRole('combobox', { name: 'Horizontal axis' }).selectOption({ label: 'seconds' });
  const log = panel(playground).getByRole('checkbox', { name: 'Logarithmic loss' });
  await expect(log).not.toBeChecked();
  await log.check();
  await expect(log).toBeChecked();
});

test('a run that diverges is listed and does not set the axis', async ({ playground }) => {
  await small(playground, { optimizer: { type: 'SGD', learningRate: 1e6 } });
  await playground.call('train', { steps: 40 });
  await playground.press('Reset');
  await playground.call('setTraining', { optimizer: { type: 'SGD', learningRate: 0.05 } });
  await playground.call('train', { steps: 1 });
  const legend = panel(playground).getByRole('list').first();
  await expect(legend.getByText('Run 1')).toHaveCount(0);
  await playground.call('train', { steps: 60 });
  await tab(playground, 'Runs').click();
  const rows = panel(playground).getByRole('row');
  await expect(rows.nth(2)).toContainText('diverged');
  await expect(rows.nth(1)).toContainText('Learning rate: 1000000 → 0.05');
  await panel(playground).getByRole('textbox', { name: 'Name of run 1' }).fill('too fast');
  await panel(playground).getByRole('textbox', { name: 'Name of run 1' }).press('Enter');
  await panel(playground).getByRole('checkbox', { name: 'Show run 1 in the curves' }).check();
  await tab(playground, 'Curves').click();
  await expect(legend.getByText('Run 1 (too fast)')).toBeVisible();
  const download = playground.page.waitForEvent('download');
  await playground.press('SVG');
  const svg = fs.readFileSync(await (await download).path()).toString();
  expect(svg, 'cut off, with a mark').toContain('▲');
  expect(svg).toContain('Run 1 (too fast)');
});

test('a cell of the confusion matrix opens its images, and an image its way through the network', async ({ playground }) => {
  await small(playground);
  await playground.call('train', { epochs: 1 });
  await playground.press('Evaluate');
  const matrix = playground.page.getByRole('table', { name: 'Confusion matrix' });
  await expect(matrix).toBeVisible({ timeout: 60_000 });
  const { confusion } = await playground.call('evaluate');
  const cells = confusion.flatMap((row, truth) => row.map((count, predicted) => ({ count, truth, predicted })));
  const { count, truth, predicted } = cells.filter((cell) => cell.truth !== cell.predicted).sort((a, b) => b.count - a.count)[0];
  await matrix.getByRole('button', { name: `${count} images of ${truth} classified as ${predicted}` }).click();
  await expect(panel(playground).getByText(new RegExp(`^${count} images of ${truth} classified as ${predicted}; the first`))).toBeVisible();
  const images = panel(playground).getByRole('button', { name: new RegExp(`^Test image [\\d,]+: a ${truth}, classified as ${predicted} with`) });
  await expect(images).toHaveCount(Math.min(count, 60));
  const confidence = /with (\d+\.\d%)/.exec(await images.first().getAttribute('aria-label'))[1];
  await images.first().click();
  await expect(images.first()).toHaveAttribute('aria-pressed', 'true');
  await expect(playground.page.getByText(`true class: ${truth}`)).toBeVisible();
  await expect(playground.page.getByText(`Looks like ${predicted}`)).toBeVisible();
  await expect(playground.page.getByRole('row', { name: `${predicted} ${confidence}` })).toBeVisible();

  // Recall and precision, recomputed.
  const diagonal = (index) => confusion[index][index];
  const sum = (values) => values.reduce((total, value) => total + value, 0);
  const percent = (share) => `${(100 * share).toFixed(1)}%`;
  const rows = matrix.getByRole('row');
  await expect(rows.nth(4).getByRole('cell').last()).toHaveText(percent(diagonal(3) / sum(confusion[3])));
  await expect(rows.nth(11).getByRole('cell').nth(3)).toHaveText(percent(diagonal(3) / sum(confusion.map((row) => row[3]))));
  await panel(playground).getByRole('checkbox', { name: 'Shade mistakes only' }).check();
  await expect(matrix.locator('td.hit').first()).toHaveAttribute('style', /--shade:\s*0%/);
  await expect(matrix.locator('td', { has: playground.page.getByRole('button', { name: `${count} images of ${truth} classified as ${predicted}` }) })).toHaveAttribute('style', /--shade:\s*100%/);

  // Cells by keyboard.
  await matrix.getByRole('button', { name: / images of 0 classified as 0$/ }).click();
  await playground.page.keyboard.press('ArrowDown');
  await playground.page.keyboard.press('ArrowRight');
  await expect(matrix.getByRole('button', { name: / images of 1 classified as 1$/ })).toBeFocused();
  await playground.page.keyboard.press('Enter');
  await expect(panel(playground).getByText(/images of 1 classified as 1; the first 60/)).toBeVisible();
});

test('the confusion matrix is saved with title and configuration', async ({ playground }) => {
  await small(playground);
  await playground.call('train', { epochs: 1 });
  await playground.press('Evaluate');
  const cell = playground.page.getByRole('button', { name: / images of 9 classified as 4$/ });
  const count = (await cell.textContent({ timeout: 60_000 })).trim();
  const menu = panel(playground).getByRole('group', { name: 'Save the picture' });
  const saved = async (kind) => {
    const [download] = await Promise.all([playground.page.waitForEvent('download'), menu.getByRole('button', { name: kind }).click()]);
    return [download.suggestedFilename(), fs.readFileSync(await download.path())];
  };
  const [svgName, svg] = await saved('SVG');
  expect(svgName).toBe('confusion.svg');
  for (const part of ['Confusion matrix', 'Adam 0.001 · batch 32', `>${count}<`]) expect(svg.toString()).toContain(part);
  expect(svg.toString().match(/<rect/g).length).toBeGreaterThanOrEqual(100);
  const [pngName, png] = await saved('PNG');
  expect(pngName).toBe('confusion.png');
  expect(png.readUInt32BE(16), 'twice the width of ten cells, their names and the margins').toBe(2 * (52 + 400 + 32));
  if (process.env.ARTIFACTS) fs.writeFileSync(new URL('artifacts/confusion.svg', import.meta.url), svg);
});

test('mistakes come with the surest first, and say when they are old', async ({ playground }) => {
  await small(playground);
  await playground.call('train', { epochs: 1 });
  await tab(playground, 'Mistakes').click();
  await panel(playground).getByRole('button', { name: 'Evaluate now' }).click();
  await expect(panel(playground).getByText(/mistakes; the 60 most confident ones/)).toBeVisible({ timeout: 60_000 });
  await expect(panel(playground).getByRole('button', { name: /^Test image/ })).toHaveCount(60);
  const names = await panel(playground).getByRole('button', { name: /^Test image/ }).evaluateAll((all) => all.map((one) => one.getAttribute('aria-label')));
  expect(names).toHaveLength(60);
  const shares = names.map((name) => Number(/with ([\d.]+)%/.exec(name)[1]));
  expect(shares).toEqual([...shares].sort((a, b) => b - a));
  expect(names.every((name) => !/a (\d), classified as \1 /.test(name))).toBe(true);
  await playground.call('train', { steps: 1 });
  await expect(panel(playground).getByText('Measured at step 57; the network is now at step 58.')).toBeVisible();
});

test('histograms follow the selected layer over the steps', async ({ playground }) => {
  await small(playground);
  // The page reads the weights before the first step of a run that it begins, so that the tab has them later.
  await playground.press('Step');
  await expect(playground.page.getByText(/batch 1 of/)).toBeVisible();
  await playground.call('train', { steps: 99 });
  await tab(playground, 'Histograms').click();
  const widest = (canvas) => canvas.evaluate((node) => node.width);
  for (const name of ['dense.kernel', 'grad dense.kernel']) {
    const image = panel(playground).getByRole('img', { name: new RegExp(`^${name}: mean −?[\\d.e−]+, deviation`) });
    await expect.poll(() => widest(image)).toBeGreaterThan(200);
  }
  for (const name of ['smallest to largest', '5 % to 95 %', '25 % to 75 %', 'median']) await expect(panel(playground).getByText(name)).toBeVisible();
  await expect(panel(playground).getByText(/^steps 0 to \d+$/).first()).toBeVisible();
  const { steps } = await playground.call('train', { steps: 20 });
  expect(steps).toBe(20);
  await expect(panel(playground).getByText(/^steps 0 to 120$/).first()).toBeVisible();
  const { data } = await playground.page.evaluate(async () => ({ data: Array.from((await window.chalkgrad.tensor('dense.kernel')).data) }));
  const largest = Math.max(...data.map(Math.abs)).toFixed(4);
  await expect(panel(playground).getByRole('img', { name: new RegExp(`^dense\\.kernel.*largest ±${largest}`) })).toBeVisible();
  await artifact(panel(playground), 'dock-histograms-bands');
  const [download] = await Promise.all([
    playground.page.waitForEvent('download'),
    panel(playground).getByRole('group', { name: 'Save the picture' }).first().getByRole('button', { name: 'SVG' }).click(),
  ]);
  const svg = fs.readFileSync(await download.path(), 'utf8');
  for (const part of ['dense.kernel: mean', 'median', 'step 120', '<polygon', '<polyline']) expect(svg).toContain(part);
  await playground.card('flatten').click();
  await expect(panel(playground).getByText('This layer has no weights.')).toBeVisible();
});

test('runs are kept with configuration, seed and result, and come back', async ({ playground }) => {
  await small(playground, { seed: 3 });
  await playground.call('train', { steps: 30 });
  await playground.call('setModel', { layers: [{ type: 'Flatten' }, { type: 'Dense', units: 24, activation: 'relu' }, ...SMALL.slice(1)] });
  await playground.call('setTraining', { seed: 5, optimizer: { type: 'SGD', learningRate: 0.1 } });
  await playground.call('train', { steps: 10 });
  await tab(playground, 'Runs').click();
  const rows = panel(playground).getByRole('row');
  await expect(rows).toHaveCount(3);
  await expect(rows.nth(1)).toContainText(/Run 2present.*3 layers, 19,090 params.*SGD 0\.1 · 32.*5.*10/);
  await expect(rows.nth(2)).toContainText(/Run 1.*2 layers, 7,850 params.*Adam 0\.001 · 32.*3.*30/);
  await expect(rows.nth(1).getByRole('checkbox')).toHaveCount(0);
  await panel(playground).getByRole('checkbox', { name: 'Show run 1 in the curves' }).uncheck();
  await expect(rows.nth(1)).toContainText(/\+ Dense.*Optimizer: Adam → SGD/s);
  await tab(playground, 'Curves').click();
  await expect(panel(playground).getByRole('list').first().getByText('Run 1')).toHaveCount(0);
  await tab(playground, 'Runs').click();
  await playground.press('Restore the configuration of run 1');
  await expect.poll(async () => (await playground.call('getModel')).layers.length).toBe(2);
  expect(await playground.call('getTraining')).toMatchObject({ seed: 3, optimizer: { type: 'Adam' } });
  await playground.press('Undo');
  await expect.poll(async () => (await playground.call('getModel')).layers.length).toBe(3);
});

test('the log says what happened, and which backend runs and why', async ({ playground }) => {
  await small(playground);
  await playground.call('train', { epochs: 1 });
  await tab(playground, 'Log').click();
  const log = playground.page.getByRole('log');
  await expect(log.getByText('Training, from step 0.').first()).toBeVisible();
  await expect(log.getByText(/^Epoch 1: loss .*; validation loss .* images\/s\.$/)).toBeVisible();
  await expect(log.getByText('Done at step 57.')).toBeVisible();
  await expect(log.getByText(/^Backend: CPU with WebAssembly/).first()).toBeAttached();
  await expect(panel(playground).getByText(/^Backend · CPU with WebAssembly/)).toBeVisible();
  await playground.page.evaluate(() => window.chalkgrad.setTensor('dense.bias', new Float32Array(10).fill(NaN)));
  await playground.rejection('train', { steps: 5 });
  await expect(log.getByText(/^Failed at step/)).toBeVisible();
  await expect(log.locator('.log-error').first()).toContainText(/infinite or NaN/);
});

test('trains an epoch at a time, and stop rules end a run and say so', async ({ playground }) => {
  await small(playground);
  await playground.press('Epoch');
  await expect(playground.page.getByText(/Epoch 1, batch 57 of 57/)).toBeVisible();
  await expect(playground.page.getByText('Done', { exact: true })).toBeVisible();
  await field(playground, 'Target accuracy').fill('0.5');
  await field(playground, 'Target accuracy').press('Enter');
  await expect.poll(async () => (await playground.call('getTraining')).targetAccuracy).toBe(0.5);
  const history = await playground.call('train', { epochs: 40 });
  expect(history).toMatchObject({ state: 'done', stoppedBy: 'targetAccuracy' });
  expect(history.epochs).toBeLessThan(40);
  await expect(playground.page.getByText('Target accuracy reached')).toBeVisible();
  await field(playground, 'Target accuracy').fill('');
  await field(playground, 'Patience').fill('2');
  await field(playground, 'Validation share').fill('0');
  const refusal = playground.page.getByRole('alert').getByText(/patience needs images to validate on/);
  await expect(refusal).toBeVisible();
  expect(await playground.call('getTraining')).toMatchObject({ patience: 2, validationSplit: 0.1 });
  await playground.call('setTraining', { patience: null, validationSplit: 0 });
  await field(playground, 'Patience').fill('2');
  await expect(refusal).toBeVisible();
  const error = await playground.rejection('setTraining', { patience: 0 });
  expect(error.message).toMatch(/patience/);
});

test('rate schedules, clipping and a rate that changes while it runs', async ({ playground }) => {
  await small(playground);
  await playground.page.getByRole('combobox', { name: 'Rate schedule' }).selectOption({ label: 'step' });
  await field(playground, 'Factor').fill('0.1');
  await expect.poll(async () => (await playground.call('getTraining')).learningRateSchedule).toEqual({ type: 'Step', everyEpochs: 2, factor: 0.1 });
  await playground.page.getByRole('combobox', { name: 'Rate schedule' }).selectOption({ label: 'cosine' });
  await expect(field(playground, 'Final share')).toHaveValue('0');
  await playground.page.getByRole('combobox', { name: 'Rate schedule' }).selectOption({ label: 'constant' });
  await field(playground, 'Clip norm').fill('1');
  await expect.poll(async () => (await playground.call('getTraining')).clipNorm).toBe(1);
  await field(playground, 'Clip value').fill('0.5');
  await expect.poll(async () => (await playground.call('getTraining')).clipValue).toBe(0.5);
  expect((await playground.call('getTraining')).clipNorm).toBeUndefined();
  await playground.call('setTraining', { clipValue: null, epochs: 5000 });

  await playground.press('Train');
  await expect(playground.page.getByText(/Epoch \d+, batch/)).toBeVisible();
  const kernel = () => playground.page.evaluate(async () => Array.from((await window.chalkgrad.tensor('dense.kernel')).data).join());
  await playground.call('setTraining', { optimizer: { learningRate: 0 } });
  const still = await kernel();
  const momentum = () => playground.page.evaluate(async () => (await window.chalkgrad.tensor('adam.m dense.kernel')).data.some((value) => value !== 0));
  await playground.page.evaluate(() => new Promise((resolve) => {
    let more = 20;
    const stop = window.chalkgrad.on('batch', () => { if (--more === 0) resolve(stop()); });
  }));
  expect(await kernel()).toBe(still);
  expect(await momentum(), 'the state of the optimizer stays').toBe(true);
  await field(playground, 'Learning rate').fill('0.01');
  await expect.poll(kernel).not.toBe(still);
  await playground.press('Pause');
});

test('a run of the page pauses while the page is hidden, and says so; a run of a script goes on', async ({ playground }) => {
  await small(playground, { epochs: 5000 });
  const hide = (hidden) =>
    playground.page.evaluate((hidden) => {
      Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
      Object.defineProperty(document, 'visibilityState', { value: hidden ? 'hidden' : 'visible', configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);
  /** Waits for a step from now on. */
  const step = () => playground.page.evaluate(() => new Promise((resolve) => {
    const stop = window.chalkgrad.on('batch', () => resolve(stop()));
  }));
  const kernel = () => playground.page.evaluate(async () => Array.from((await window.chalkgrad.tensor('dense.kernel')).data).join());
  await playground.press('Train');
  await step();
  await hide(true);
  await expect(playground.button('Train')).toBeVisible();
  await expect(playground.page.getByText('Paused', { exact: true })).toBeVisible();
  const paused = await kernel();
  // An evaluation takes turns with training, so a run that goes on would take steps meanwhile.
  await playground.call('evaluate', { samples: 500 });
  expect(await kernel()).toBe(paused);
  await hide(false);
  await expect(playground.button('Pause')).toBeVisible();
  await expect(playground.page.getByRole('region', { name: 'Messages' }).getByText(/paused while the page was hidden/)).toBeVisible();
  await step();

  await playground.page.getByRole('checkbox', { name: 'Pause when hidden' }).uncheck();
  await hide(true);
  await step();
  await hide(false);
  await playground.call('stop');
  await playground.page.getByRole('checkbox', { name: 'Pause when hidden' }).check();

  await playground.page.evaluate(() => void window.chalkgrad.train({ epochs: 5000 }));
  await step();
  await hide(true);
  await step();
  await hide(false);
  await playground.call('stop');
});

for (const colorScheme of ['light', 'dark']) {
  for (const [width, height] of [[1280, 800], [390, 844]]) {
    test(`the dock is for everybody, ${colorScheme}, ${width} pixels wide`, async ({ playground }) => {
      await playground.page.emulateMedia({ colorScheme });
      await playground.page.setViewportSize({ width, height });
      await small(playground);
      await playground.call('train', { epochs: 2 });
      await playground.showActions();
      await playground.press('Reset');
      await playground.call('train', { epochs: 3 });
      await playground.showActions();
      await playground.press('Evaluate');
      await playground.page.getByRole('button', { name: / images of 9 classified as 4$/ }).click({ timeout: 60_000 });
      await expect(panel(playground).getByRole('button', { name: /^Test image/ }).first()).toBeVisible();
      const overflow = () => playground.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      for (const name of [...TABS.slice(1), TABS[0]]) {
        await tab(playground, name).click();
        await expect(panel(playground).locator('section')).toBeVisible();
        if (name === 'Histograms') await expect(panel(playground).getByText(/^mean/).first()).toBeVisible();
        expect(await overflow(), name).toBeLessThanOrEqual(0);
        expect(await axeViolations(playground.page), name).toEqual([]);
        await artifact(playground.page, `dock-${name.toLowerCase()}-${width}-${colorScheme}`);
      }
      await playground.page.getByRole('button', { name: '中文' }).click();
      for (const name of ['曲线', '混淆矩阵', '错误', '直方图', '训练记录', '日志']) {
        await tab(playground, name).click();
        await expect(panel(playground)).toHaveAccessibleName(name);
        expect(await overflow(), name).toBeLessThanOrEqual(0);
      }
      await artifact(playground.page, `dock-log-${width}-${colorScheme}-zh`);
    });
  }
}
