// See inside: one number of the last step is followed back to where it comes from, and a calculator gets every total.
import { artifact, axeViolations, expect, test } from './playground.js';

const panel = (page) => page.getByRole('region', { name: 'See inside' });
const lines = (page) => page.locator('.follow-line');
const settled = (page) => expect(page.locator('.follow-lines')).toHaveAttribute('aria-busy', 'false');

/** Opens the page, trains the default network a few steps and follows its largest gradient. */
async function follow(playground, steps = 3) {
  await playground.open();
  await playground.call('train', { steps });
  await playground.show('network');
  await playground.press('Follow a gradient');
  await expect(lines(playground.page).first()).toBeVisible();
  await settled(playground.page);
}

/** The tables of all lines: each row's factors and product, what is not listed, and the total. */
const tables = (page) =>
  page.locator('.follow-terms table').evaluateAll((tables) => {
    const number = (element) => Number(element.textContent.replaceAll('−', '-').replaceAll('∞', 'Infinity'));
    return tables.map((table) => {
      const amount = (row) => row && number(row.querySelector('.follow-amount'));
      const rows = [...table.tBodies[0].rows].map((row) => {
        const factors = [...row.querySelectorAll('.follow-value')].map(number);
        const amounts = [...row.querySelectorAll('.follow-amount')].map(number);
        return { factors, coefficient: amounts.length > 1 ? amounts[0] : 1, value: amounts.at(-1) ?? factors[0] };
      });
      const kind = table.caption.textContent.includes('exponentials') ? 'exponentials' : table.caption.textContent.includes('largest of') ? 'max' : 'sum';
      return { kind, rows, rest: amount(table.tFoot.querySelector('.follow-rest')) ?? 0, total: amount(table.tFoot.querySelector('.follow-total')) };
    });
  });

/** Checks with the printed numbers alone that terms are products of their factors, and totals the sums of their terms. */
async function expectTotals(page) {
  const all = await tables(page);
  expect(all.length).toBeGreaterThan(0);
  for (const { kind, rows, rest, total } of all) {
    for (const { factors, coefficient, value } of rows) {
      const product = factors.reduce((product, factor) => product * factor, coefficient);
      if (kind === 'sum') expect(Math.abs(product - value)).toBeLessThanOrEqual(1e-4 * Math.abs(value) + 1e-30);
    }
    const values = rows.map(({ value }) => value);
    const expected = kind === 'max' ? Math.max(...values) : values.reduce((sum, value) => sum + value, rest);
    // Numbers of both signs may nearly cancel each other: then the digits of an f32 limit what is certain of the total.
    const scale = Math.max(Math.abs(total), ...values.map((value) => Math.abs(value) / 1000));
    expect(Math.abs(expected - total), `total of ${rows.length} terms`).toBeLessThanOrEqual(1e-4 * scale);
  }
}

test('a weight is followed to the loss, and every total is the sum of its terms', async ({ playground }) => {
  const { page } = playground;
  await follow(playground);
  await expect(panel(page)).toContainText('Step 3 ·');
  await expect(lines(page).first().getByRole('heading')).toContainText(/conv2d\.kernel after the step, row \d, column \d, channel 0, filter \d+ = /);
  await expect(page.locator('button.card.followed-now')).toHaveAccessibleName(/conv2d\b/);
  // The first line is the optimizer's: its value is the weight that the API reads.
  const largest = await page.evaluate(async () => {
    const gradient = (await window.chalkgrad.tensor('grad conv2d.kernel')).data;
    const at = gradient.reduce((best, value, index) => (Math.abs(value) > Math.abs(gradient[best]) ? index : best), 0);
    return (await window.chalkgrad.tensor('conv2d.kernel')).data[at];
  });
  await expect(lines(page).first().locator('h3 strong')).toHaveText(largest.toPrecision(4).replace('-', '−'));
  await playground.press('To the loss');
  await expect(lines(page)).not.toHaveCount(1);
  await settled(page);
  expect(await lines(page).count()).toBeGreaterThan(3);
  await expect(lines(page).last().getByRole('heading')).toContainText(/logit|loss/);
  await expect(playground.button('To the loss')).toBeDisabled();
  await expectTotals(page);
  // With all terms nothing is left over.
  const more = page.getByRole('button', { name: /^Show all \d/ });
  while ((await more.count()) > 0) {
    const before = await more.count();
    await more.first().click();
    await settled(page);
    await expect(more).not.toHaveCount(before);
  }
  await expectTotals(page);
  await artifact(page, 'follow-loss');
  await panel(page).evaluate((panel) => panel.scrollTo(0, 0));
  expect(await axeViolations(page, '.follow')).toEqual([]);
  // One click took the whole way, so one click takes it back.
  await page.locator('.follow-controls').getByRole('button', { name: 'Back to what was looked at before' }).click();
  await expect(lines(page)).toHaveCount(1);
});

test('a number is followed to the pixels, and a picture is followed by a click', async ({ playground }) => {
  const { page } = playground;
  await follow(playground);
  await playground.press('To the input');
  await expect(lines(page).last().getByRole('heading')).toContainText('input, row');
  await settled(page);
  await expect(lines(page).last()).toContainText('here the way ends');
  await expect(page.locator('.card-input.followed-now')).toBeVisible();
  const picture = page.locator('.follow-map canvas').first();
  await expect(picture).toHaveAccessibleName(/\d+ rows, \d+ columns/);
  const map = page.locator('.follow-map').first();
  await picture.scrollIntoViewIfNeeded();
  await picture.hover({ position: { x: 30, y: 30 } });
  await expect(map.locator('.follow-readout')).toContainText(/row \d+, column \d+/);
  const at = Number((await map.evaluate((map) => map.closest('.follow-line').querySelector('h3').id)).split('-').at(-1));
  await picture.click({ position: { x: 30, y: 30 } });
  await settled(page);
  await expect(lines(page)).toHaveCount(at + 2);
  await expect(lines(page).last().getByRole('heading')).toBeFocused();
});

test('the keyboard alone goes in, along and out', async ({ playground }) => {
  const { page } = playground;
  await playground.open();
  // No step yet: the button takes one.
  await playground.button('Follow a gradient').focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'See inside' })).toBeFocused();
  await expect(panel(page)).toContainText('Step 1 ·');
  await expect(lines(page)).toHaveCount(1);
  for (let number = 0; number < 2; number += 1) {
    for (let presses = 0; presses < 40; presses += 1) {
      await page.keyboard.press('Tab');
      if (await page.evaluate((number) => document.activeElement.matches(`.follow-line:nth-child(${number + 1}) .follow-factor`), number)) break;
    }
    // From a weight on to its gradient, the last number of the line.
    if (number === 0) await page.locator('.follow-line:first-child .follow-factor').last().focus();
    await page.keyboard.press('Enter');
    await expect(lines(page)).toHaveCount(number + 2);
    await expect(lines(page).last().getByRole('heading')).toBeFocused();
  }
  await expect(page.locator('.follow-line:first-child .follow-factor[aria-pressed="true"]')).toHaveCount(1);
  // The second number was the optimizer's state before the step, where a way ends.
  await page.locator('.follow-controls').getByRole('button', { name: 'Back to what was looked at before' }).focus();
  await page.keyboard.press('Enter');
  await expect(lines(page)).toHaveCount(2);
  await playground.button('To the input').focus();
  await page.keyboard.press('Enter');
  // At its end the way has the focus.
  await settled(page);
  await expect(lines(page).last().getByRole('heading')).toBeFocused();
  const canvas = page.locator('.follow-map canvas').first();
  await canvas.focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowDown');
  await expect(page.locator('.follow-map .follow-readout').first()).toContainText(/row \d+/);
  await page.keyboard.press('Escape');
  await expect(panel(page)).toHaveCount(0);
  await expect(playground.button('Follow a gradient')).toBeFocused();
  await expect(page.getByRole('tab', { name: 'Curves' })).toBeVisible();
});

test('numbers of a step that is over are never shown as those of now', async ({ playground }) => {
  const { page } = playground;
  await follow(playground);
  await page.evaluate(() => { window.chalkgrad.train({ epochs: 1 }).catch(() => {}); });
  await expect(panel(page)).toContainText('These numbers are of step 3, which is over.');
  await expect(panel(page)).toContainText('Training goes on.');
  await panel(page).getByRole('button', { name: 'Pause' }).click();
  await expect(panel(page)).not.toContainText('which is over');
  await expect(panel(page)).toContainText(/Step ([4-9]|[\d,]{2,}) ·/);
  await expect(lines(page)).toHaveCount(1);
  await playground.showActions();
  await playground.press('Reset');
  await expect(panel(page)).toContainText('there is no number to follow');
  await expect(lines(page)).toHaveCount(0);
  await panel(page).getByRole('button', { name: 'Take one step' }).click();
  await expect(panel(page)).toContainText('Step 1 ·');
  await expect(lines(page)).toHaveCount(1);
});

test('a number of a picture in the inspector is followed', async ({ playground }) => {
  const { page } = playground;
  await playground.open();
  await playground.call('train', { steps: 2 });
  await playground.card('dense').click();
  await page.getByRole('group', { name: 'What to look at' }).getByRole('button', { name: 'Gradients' }).click();
  const picture = page.locator('.tensor-image').first();
  await expect(picture).not.toHaveJSProperty('width', 300);
  await expect(playground.button('Follow this number')).toBeDisabled();
  await picture.focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowDown');
  await playground.button('Follow this number').click();
  await expect(lines(page).first().getByRole('heading')).toContainText('gradient of dense.kernel, from input');
});

test('a number of the input that is shown is followed to its pixels', async ({ playground }) => {
  const { page } = playground;
  await playground.open();
  await playground.card('conv2d_2').click();
  await page.getByRole('group', { name: 'What to look at' }).getByRole('button', { name: 'Activations' }).click();
  const picture = page.locator('.tensor-image').first();
  await expect(picture).not.toHaveJSProperty('width', 300);
  await picture.focus();
  await page.keyboard.press('ArrowRight');
  await playground.button('Follow this number').click();
  await expect(panel(page)).toContainText('The example in the input panel, with the weights of now');
  await expect(lines(page).first().getByRole('heading')).toContainText('output of conv2d_2, row');
  // Its value is that of the network's output for the picture, which the API gives.
  await expect(playground.button('To the loss')).toBeDisabled();
  await playground.press('To the input');
  await settled(page);
  await expect(lines(page).last().getByRole('heading')).toContainText(/^input, row \d+, column \d+, channel 0 = /);
  await expect(lines(page).last()).toContainText('here the way ends');
  for (const button of await panel(page).getByRole('button', { name: /^Show all/ }).all()) await expect(button).toBeEnabled();
  await expectTotals(page);
  // The slow step is one of training.
  await playground.press('Slow step');
  await expect(panel(page)).toContainText('Step 1 ·');
});

test('a gradient is checked by finite differences', async ({ playground }) => {
  const { page } = playground;
  await playground.open();
  await playground.call('setModel', { layers: [{ type: 'Flatten' }, { type: 'Dense', units: 10, activation: 'softmax' }] });
  await playground.call('train', { steps: 3 });
  await playground.press('Follow a gradient');
  await lines(page).first().locator('.follow-factor').last().click();
  await lines(page).last().getByRole('button', { name: /^Follow gradient of dense.kernel/ }).last().click();
  await expect(lines(page).last().getByRole('heading')).toContainText('gradient of dense.kernel, from input');
  await lines(page).last().getByRole('button', { name: 'Check by finite differences' }).click();
  const table = page.getByRole('table', { name: 'Check by finite differences' });
  const number = async (name, cell = 0) => {
    const row = table.getByRole('row', { name });
    return Number((await row.getByRole('cell').nth(cell).textContent()).replace('−', '-').replace(/^[^\d-]*/, ''));
  };
  await expect(table).toBeVisible();
  const [larger, smaller] = [await number('Loss with the larger weight'), await number('Loss with the smaller weight')];
  const [above, below] = [await number('Loss with the larger weight', 1), await number('Loss with the smaller weight', 1)];
  const numeric = await number('Difference of the losses');
  const analytic = await number('Gradient by backpropagation');
  expect(above - below).toBeCloseTo(1 / 64, 6);
  expect(Math.abs((larger - smaller) / (above - below) - numeric)).toBeLessThan(1e-4);
  expect(Math.abs(numeric - analytic)).toBeLessThan(0.02 * Math.abs(analytic) + 1e-4);
  await expect(lines(page).last()).toContainText('Both agree');
  // The line is that of the step still, and so is the gradient that the API reads.
  const gradient = await page.evaluate(async () => (await window.chalkgrad.tensor('grad dense.kernel')).data);
  expect(gradient.some((value) => Math.abs(value - analytic) < 1e-6)).toBe(true);
});

test('a step goes by slowly, stage by stage', async ({ playground }) => {
  const { page } = playground;
  await follow(playground);
  await playground.press('Slow step');
  const stages = page.getByRole('group', { name: 'Stages of the step' });
  await expect(page.locator('.follow .gallery-image')).not.toHaveCount(0);
  await page.locator('.follow .gallery-image').nth(2).click();
  await expect(page.locator('.follow .gallery-image').nth(2)).toHaveAttribute('aria-pressed', 'true');
  await page.locator('.follow-pace select').selectOption({ label: 'fast' });
  await stages.getByRole('button', { name: 'Batch' }).focus();
  await page.keyboard.press('ArrowRight');
  await expect(stages.getByRole('button', { name: 'Forward' })).toBeFocused();
  await expect(page.locator('button.card.followed')).toHaveCount(8);
  await stages.getByRole('button', { name: 'Loss' }).click();
  await expect(page.getByRole('table', { name: 'Loss' }).getByRole('row')).not.toHaveCount(1);
  const losses = await page.getByRole('table', { name: 'Loss' }).evaluate((table) =>
    [...table.tBodies[0].rows].map((row) => [...row.cells].slice(1).map((cell) => Number(cell.textContent))),
  );
  const mean = losses.pop()[1];
  for (const [p, loss] of losses) expect(Math.abs(loss + Math.log(p))).toBeLessThan(1e-3);
  expect(Math.abs(losses.reduce((sum, [, loss]) => sum + loss, 0) / losses.length - mean)).toBeLessThan(1e-4);
  await stages.getByRole('button', { name: 'Backward' }).click();
  await expect(page.locator('button.card.followed-now').first()).toBeVisible();
  await stages.getByRole('button', { name: 'Update' }).click();
  await expect(page.getByRole('table', { name: 'Update' })).toContainText('conv2d.kernel');
  await artifact(page, 'follow-update');
  expect(await axeViolations(page, '.follow')).toEqual([]);
});

for (const [width, height, colorScheme] of [[1366, 768, 'dark'], [390, 844, 'light']]) {
  test(`the panel fits ${width} pixels, ${colorScheme}`, async ({ playground }) => {
    const { page } = playground;
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height });
    await follow(playground);
    await playground.press('To the input');
    await settled(page);
    const beyond = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(beyond).toBeLessThanOrEqual(0);
    await artifact(page, `follow-${width}`);
    // An element under the header that stays in view is not a target of full size.
    await panel(page).evaluate((panel) => panel.scrollTo(0, 0));
    expect(await axeViolations(page, '.follow')).toEqual([]);
  });
}
