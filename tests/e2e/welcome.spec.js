// The first two minutes: what the page is, the tour, and the network that was trained in advance, which is never lost.
import { axeViolations, expect, test } from './playground.js';

const welcome = (page) => page.getByRole('complementary', { name: 'About this page' });
const verdict = (page) => page.locator('.verdict');

test('a sentence says what the page is and that nothing can be broken, until it is dismissed', async ({ playground }) => {
  const { page } = playground;
  await playground.open();
  await expect(welcome(page)).toContainText('look inside the neural network');
  await expect(welcome(page)).toContainText('You cannot break anything');
  await expect(welcome(page)).toBeInViewport({ ratio: 1 });
  await welcome(page).getByRole('button', { name: 'Dismiss' }).click();
  await expect(welcome(page)).toBeHidden();
  await page.reload();
  await expect(page.getByText('Looks like 3')).toBeVisible();
  await expect(welcome(page)).toBeHidden();
});

for (const [width, height] of [[1280, 800], [390, 844]]) {
  test(`a new network says so and brings the pretrained one back, and that one the new one, ${width} pixels wide`, async ({ playground }) => {
    const { page } = playground;
    await page.setViewportSize({ width, height });
    await playground.open();
    await expect(verdict(page)).toHaveText('Looks like 3');
    const shares = () => page.locator('.bar-value').allTextContents();
    const before = await shares();
    // No step less: the run goes on when the network makes way.
    await playground.call('setTraining', { optimizer: { type: 'SGD', learningRate: 0.0001 } });
    await playground.press('Train');
    await expect(welcome(page)).toContainText('This is a new network: its weights are random');
    await expect(welcome(page)).toBeInViewport({ ratio: 1 });
    await expect(page.getByText(/^Epoch 1, batch \d/)).toBeVisible();
    expect(await axeViolations(page)).toEqual([]);
    await playground.press('Pause');
    // A pause takes the step along that has begun.
    await expect(playground.button('Train')).toBeVisible();
    const bias = () => page.evaluate(async () => Array.from((await window.chalkgrad.tensor('conv2d.bias')).data));
    const own = await bias();
    await expect.poll(shares).not.toEqual(before);

    await welcome(page).getByRole('button', { name: 'Bring it back', exact: true }).click();
    await expect.poll(shares).toEqual(before);
    await playground.show('input');
    await expect(page.getByText(/trained in advance: it classifies 9\d\.\d%/)).toBeVisible();
    await expect(page.getByText('Ready to train')).toBeVisible();
    await expect(welcome(page)).toContainText(/Yours, trained for [1-9]\d* steps?, is kept/);

    await welcome(page).getByRole('button', { name: 'Back to mine', exact: true }).click();
    await expect(page.getByText(/^Epoch 1, batch [1-9]/)).toBeVisible();
    await expect.poll(bias).toEqual(own);
    await expect(welcome(page)).not.toContainText('Yours');
  });
}

test('after an edit the list of networks has the pretrained one, too', async ({ playground }) => {
  const { page } = playground;
  await playground.open();
  await expect(verdict(page)).toHaveText('Looks like 3');
  const list = page.getByRole('combobox', { name: 'Start from' });
  await list.selectOption({ label: 'Softmax regression' });
  await expect.poll(() => playground.layerTypes()).toHaveLength(2);
  await expect(page.locator('.best .bar-value')).not.toHaveText('100.0%');
  await list.selectOption({ label: 'Trained in advance' });
  await expect(page.getByText(/trained in advance: it classifies/)).toBeVisible();
  await expect(verdict(page)).toHaveText('Looks like 3');
  await expect.poll(() => page.locator('button.card').count()).toBe(8);
});

/** Checks that the frame is round the step's element, and that both and the card are in the window. */
async function expectStep(page, number, selector) {
  const card = page.getByRole('dialog', { name: 'Tour' });
  await expect(card).toContainText(`${number} of 6`);
  const distance = () =>
    page.evaluate((selector) => {
      const target = [...document.querySelectorAll(selector)].find((element) => element.getBoundingClientRect().width > 0)?.getBoundingClientRect();
      const frame = document.querySelector('.tour-frame').getBoundingClientRect();
      return target && Math.max(...['left', 'top', 'right', 'bottom'].map((edge) => Math.abs(target[edge] - frame[edge])));
    }, selector);
  await expect.poll(distance, `the frame of step ${number}`).toBeLessThan(1);
  await expect(page.locator('.tour-frame')).toBeInViewport();
  await expect(card).toBeInViewport({ ratio: 1 });
}

const TARGETS = ['.pad', '.network .strip', '.button.primary', '.dock', '#tab-mistakes', '.side, .training'];

test('the tour goes by the keyboard from element to element, and can be left', async ({ playground }) => {
  const { page } = playground;
  await playground.open();
  const offer = welcome(page).getByRole('button', { name: 'Two-minute tour', exact: true });
  await offer.focus();
  await page.keyboard.press('Enter');
  for (const [at, target] of TARGETS.entries()) {
    await expectStep(page, at + 1, target);
    await expect(playground.button('Next').or(playground.button('Done'))).toBeFocused();
    if (at === 1) expect(await axeViolations(page)).toEqual([]);
    if (at < 5) await page.keyboard.press('Enter');
  }
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');
  await expectStep(page, 5, TARGETS[4]);
  // The page works meanwhile.
  await playground.press('Step');
  await expect(page.getByText('Epoch 1, batch 1 of 1,875')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  // Not offered again, but always there.
  await page.reload();
  await expect(page.getByText('Looks like 3')).toBeVisible();
  await expect(welcome(page)).toBeHidden();
  await playground.press('Start the tour');
  await expectStep(page, 1, TARGETS[0]);
  await playground.press('Leave the tour');
  await expect(playground.button('Start the tour')).toBeFocused();
});

test.describe('on a phone', () => {
  test.use({ hasTouch: true, isMobile: true, locale: 'zh-CN' });

  for (const [width, height] of [[390, 844], [320, 560]]) {
    test(`the tour opens each part of the page, ${width} pixels wide`, async ({ playground }) => {
      const { page } = playground;
      await page.setViewportSize({ width, height });
      await playground.open();
      await page.getByRole('button', { name: '两分钟导览' }).tap();
      const card = page.getByRole('dialog', { name: '导览' });
      for (const [at, panel] of ['digit', 'network', 'dock', 'dock', 'dock', 'training'].entries()) {
        await expect(card).toContainText(`第 ${at + 1} 步`);
        await expect(page.locator(`main > .${panel}`)).toBeVisible();
        await expect(page.locator('.tour-frame')).toBeInViewport();
        await expect(card).toBeInViewport({ ratio: 1 });
        await card.getByRole('button', { name: at < 5 ? '下一步' : '完成' }).tap();
      }
      await expect(card).toHaveCount(0);
    });
  }
});

test('a presentation has large type and few controls, by a button and a key, until Escape', async ({ playground }) => {
  const { page } = playground;
  await page.setViewportSize({ width: 1366, height: 768 });
  await playground.open();
  await expect(verdict(page)).toHaveText('Looks like 3');
  const size = () => verdict(page).evaluate((text) => parseFloat(getComputedStyle(text).fontSize));
  const controls = () => page.locator('button, select, input, summary').evaluateAll((all) => all.filter((one) => one.checkVisibility()).length);
  const [usual, many] = [await size(), await controls()];
  const leave = playground.button('Presentation with large type');
  await leave.click();
  expect(await size()).toBeGreaterThanOrEqual(1.4 * usual);
  expect(await controls()).toBeLessThan(0.75 * many);
  await expect(playground.button('Train')).toBeInViewport({ ratio: 1 });
  for (const chart of await page.locator('.chart-canvas').all()) await expect(chart).toBeInViewport({ ratio: 1 });
  expect(await axeViolations(page)).toEqual([]);
  // A layer can still be looked into; Escape leaves first it, then the presentation.
  await playground.card('conv2d').click();
  await expect(page.getByRole('region', { name: 'Layer', exact: true })).toBeVisible();
  await page.reload();
  await expect(verdict(page)).toHaveText('Looks like 3');
  expect(await size()).toBeGreaterThanOrEqual(1.4 * usual);
  await playground.card('conv2d').click();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('region', { name: 'Layer', exact: true })).toBeHidden();
  expect(await size()).toBeGreaterThanOrEqual(1.4 * usual);
  await page.keyboard.press('Escape');
  await expect.poll(size).toBe(usual);
  await page.keyboard.press('Alt+p');
  await expect.poll(size).toBeGreaterThanOrEqual(1.4 * usual);
  await page.keyboard.press('Alt+p');
  await expect.poll(size).toBe(usual);
});
