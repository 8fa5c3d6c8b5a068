// The work of a learner, with mouse and keyboard.
import { expect, mean, test } from './playground.js';

test('trains 300 steps, tests the network and recognises what is drawn', async ({ playground }) => {
  await playground.open();
  const history = await playground.call('train', { steps: 300 });
  expect(history.state).toBe('done');
  expect(history.steps).toBe(300);
  expect(history.loss).toHaveLength(300);
  expect(history.loss.every(Number.isFinite)).toBe(true);
  expect(mean(history.loss.slice(-50))).toBeLessThan(0.5 * mean(history.loss.slice(0, 50)));

  await playground.press('Evaluate');
  const result = playground.page.getByRole('region', { name: 'Test', exact: true });
  await expect(result.getByText(/9\d(\.\d+)?\s?%/).first()).toBeVisible({ timeout: 60_000 });
  await expect(result.getByRole('table', { name: 'Confusion matrix' })).toBeVisible();

  // A one.
  await playground.draw([[0.5, 0.15], [0.5, 0.85]]);
  await expect(playground.page.getByText(/Looks like [17]/)).toBeVisible();
  await playground.press('Clear');
  await expect(playground.page.getByText(/Looks like/)).toBeHidden();
});

test('Train and Pause are one button, and pausing keeps the network', async ({ playground }) => {
  await playground.open();
  await playground.press('Train');
  const progress = playground.page.getByRole('progressbar', { name: 'Progress of the run' });
  await expect(playground.button('Pause')).toBeVisible();
  await expect(playground.page.getByText(/Epoch 1.*batch [1-9]\d+ of/).first()).toBeVisible({ timeout: 30_000 });
  await playground.press('Pause');
  await expect(playground.button('Train')).toBeVisible();
  const kernel = () => playground.page.evaluate(async () => Array.from((await window.chalkgrad.tensor('conv2d.kernel')).data));
  const paused = await kernel();
  // An evaluation takes turns with training, so a run that goes on would take steps meanwhile.
  await playground.call('evaluate', { samples: 500 });
  expect(await kernel()).toEqual(paused);
  await expect(progress).toBeVisible();

  await playground.press('Train');
  await expect(playground.button('Pause')).toBeVisible();
  await expect.poll(async () => (await kernel()).some((value, index) => value !== paused[index])).toBe(true);
  await playground.press('Pause');
});

test('Step takes one step, Reset brings back the initial weights', async ({ playground }) => {
  await playground.open();
  const bias = () => playground.page.evaluate(async () => Array.from((await window.chalkgrad.tensor('dense_1.bias')).data));
  const initial = await bias();
  const steps = playground.page.evaluate(() => new Promise((resolve) => window.chalkgrad.on('batch', (batch) => resolve(batch.step))));
  await playground.press('Step');
  expect(await steps).toBe(1);
  await expect.poll(bias).not.toEqual(initial);
  await playground.press('Reset');
  await expect.poll(bias).toEqual(initial);
});

test('edits a layer, undoes and redoes', async ({ playground }) => {
  await playground.open();
  const filters = () => playground.page.evaluate(async () => (await window.chalkgrad.getModel()).layers[0].filters);
  await playground.card('conv2d').click();
  const field = playground.page.getByRole('spinbutton', { name: 'Filters' });
  await expect(field).toHaveValue('32');
  await field.fill('8');
  await field.press('Enter');
  await expect.poll(filters).toBe(8);
  await playground.press('Undo');
  await expect.poll(filters).toBe(32);
  await playground.press('Redo');
  await expect.poll(filters).toBe(8);
});

test('adds, duplicates, moves and deletes layers', async ({ playground }) => {
  await playground.open();
  const initial = await playground.layerTypes();
  await playground.addLayer(6, 'Dropout');
  const added = [...initial.slice(0, 6), 'Dropout', ...initial.slice(6)];
  await expect.poll(() => playground.layerTypes()).toEqual(added);

  await playground.card('dropout').click();
  await playground.press('Duplicate');
  await expect.poll(() => playground.layerTypes()).toEqual([...initial.slice(0, 6), 'Dropout', 'Dropout', ...initial.slice(6)]);
  await playground.press('Delete');
  await expect.poll(() => playground.layerTypes()).toEqual(added);

  await playground.card('dropout').click();
  await playground.button('Move down').focus();
  await playground.page.keyboard.press('Enter');
  const moved = [...initial.slice(0, 7), 'Dropout', ...initial.slice(7)];
  await expect.poll(() => playground.layerTypes()).toEqual(moved);
  await playground.press('Move up');
  await expect.poll(() => playground.layerTypes()).toEqual(added);
  for (let undone = 0; undone < 5; undone += 1) await playground.press('Undo');
  await expect.poll(() => playground.layerTypes()).toEqual(initial);
});

test('says on the card what is wrong, and keeps the last valid model', async ({ playground }) => {
  await playground.open();
  const initial = await playground.layerTypes();
  await playground.card('flatten').click();
  await playground.press('Delete');
  const fault = playground.network.getByRole('alert').first();
  await expect(fault).toBeVisible();
  await expect(fault).toContainText(/Flatten/);
  expect(await playground.layerTypes()).toEqual(initial);
  await playground.press('Undo');
  await expect(playground.network.getByRole('alert')).toHaveCount(0);
});

test('speaks Chinese', async ({ playground }) => {
  await playground.open();
  await playground.page.getByRole('group', { name: 'Language' }).getByRole('button', { name: '中文' }).click();
  await expect(playground.page.locator('html')).toHaveAttribute('lang', /^zh/);
  await expect(playground.button('Train')).toHaveCount(0);
  await expect(playground.button('训练')).toBeVisible();
  // Remembered: after a reload no English word is shown first.
  await playground.page.addInitScript(() => {
    new MutationObserver(() => {
      const text = document.getElementById('app')?.textContent ?? '';
      window.sawEnglish ||= text.includes('Train');
    }).observe(document, { childList: true, subtree: true });
  });
  await playground.open();
  await expect(playground.button('训练')).toBeVisible();
  expect(await playground.page.evaluate(() => window.sawEnglish)).toBe(false);
  await playground.page.getByRole('button', { name: /^EN|English$/ }).click();
  await expect(playground.button('Train')).toBeVisible();
  expect(await playground.page.evaluate(() => window.sawEnglish)).toBe(true);
});

test('is there before its data, and fits a phone', async ({ playground, server }) => {
  server.faults.set('manifest.json', () => undefined); // Never answered.
  await playground.page.setViewportSize({ width: 320, height: 700 });
  await playground.page.goto(server.url);
  await expect(playground.button('Train')).toBeEnabled();
  const overflow = await playground.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(overflow).toBeLessThanOrEqual(0);
});

test('trains as slowly as one can watch, and at full speed again', async ({ playground }) => {
  await playground.open();
  const speed = playground.page.getByLabel('Speed', { exact: true });
  await speed.selectOption({ label: 'At most 2 steps a second' });
  await playground.page.evaluate(() => {
    window.start = performance.now();
    window.steps = [];
    window.chalkgrad.on('batch', (batch) => window.steps.push([batch.step, performance.now() - window.start]));
  });
  await playground.press('Train');
  await playground.page.waitForFunction(() => window.steps.length >= 4);
  const slow = await playground.page.evaluate(() => window.steps);
  slow.slice(1).forEach(([step, at], index) => {
    expect(step, 'every step is told').toBe(slow[index][0] + 1);
    expect(at, 'after so many waits of half a second').toBeGreaterThan(500 * (index + 1) - 50);
  });
  await speed.selectOption({ label: 'Full speed' });
  await playground.page.waitForFunction(() => window.steps.at(-1)[0] >= 30);
  await playground.press('Pause');
});
