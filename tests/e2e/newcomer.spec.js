// A newcomer's first half hour: change two layers, add a dropout, train 500 steps, test, draw a digit, and pass the network
// on by a link. Once with the keyboard alone and once with fingers alone.
import { expect, test } from './playground.js';

/** Layers of the network after the changes. */
const CUSTOM = ['Conv2D', 'MaxPooling2D', 'Conv2D', 'MaxPooling2D', 'Conv2D', 'Flatten', 'Dense', 'Dropout', 'Dense'];

const model = (playground) => playground.call('getModel');

/** Counts steps, looking on only. */
const watchSteps = (playground) =>
  playground.page.evaluate(() => {
    window.stepsSeen = 0;
    window.chalkgrad.on('batch', (batch) => { window.stepsSeen = batch.step; });
  });

const until500 = (playground) => playground.page.waitForFunction(() => window.stepsSeen >= 500, null, { timeout: 150_000, polling: 50 });

/** Checks the final state, however it was reached. */
async function expectEnd(playground, context) {
  const layers = (await model(playground)).layers;
  expect(layers.map((layer) => layer.type)).toEqual(CUSTOM);
  expect([layers[0].filters, layers[2].filters]).toEqual([16, 24]);
  expect(layers[7].rate).toBe(0.25);
  await expect(playground.page).toHaveURL(/#m=/);
  const link = await playground.page.evaluate(() => navigator.clipboard.readText());
  expect(link).toBe(playground.page.url());
  const other = await context.newPage();
  await other.goto(link);
  await other.evaluate(() => window.chalkgrad.ready);
  await expect.poll(() => other.evaluate(() => window.chalkgrad.getModel())).toEqual(await model(playground));
}

test('a newcomer with a keyboard alone', async ({ playground, context }) => {
  test.setTimeout(300_000);
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const { page } = playground;
  const { keyboard } = page;
  await playground.open();
  await watchSteps(playground);

  const hasFocus = (locator) => locator.evaluateAll((elements) => elements.includes(document.activeElement));
  // A keyboard user must see the focus.
  const isVisible = () =>
    page.evaluate(() => {
      const element = document.activeElement;
      const shown = element.matches('.visually-hidden') ? element.parentElement : element;
      const style = getComputedStyle(shown);
      return element === document.body || (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none';
    });
  const tabTo = async (locator, key = 'Tab') => {
    for (let presses = 0; presses < 120; presses += 1) {
      if (await hasFocus(locator)) return;
      await keyboard.press(key);
      const where = await page.evaluate(() => document.activeElement.outerHTML.slice(0, 120));
      expect(await isVisible(), `the focus is seen on ${where}`).toBe(true);
    }
    throw new Error(`120 times ${key} do not lead to ${locator}`);
  };
  const setFilters = async (count) => {
    const field = page.getByRole('spinbutton', { name: 'Filters' });
    await tabTo(field);
    await keyboard.press('ControlOrMeta+A');
    await keyboard.type(String(count));
    await keyboard.press('Enter');
    await expect(field).toHaveValue(String(count));
  };

  await tabTo(playground.card('conv2d'));
  await keyboard.press('Enter');
  await setFilters(16);
  await tabTo(playground.card('conv2d'), 'Shift+Tab');
  await keyboard.press('ArrowRight');
  await keyboard.press('ArrowRight');
  expect(await hasFocus(playground.card('conv2d_1'))).toBe(true);
  await setFilters(24);

  // Before the last layer. From the card on, so that Tab does not go round the whole page.
  const gaps = playground.network.getByRole('button', { name: 'Add layer', exact: true });
  await tabTo(gaps.nth(7), 'Shift+Tab');
  await keyboard.press('Enter');
  const dropout = page.getByRole('menuitem', { name: /^Dropout\b/ });
  await expect(dropout).toBeVisible();
  for (let presses = 0; presses < 20 && !(await hasFocus(dropout)); presses += 1) {
    const before = await page.evaluate(() => document.activeElement.id);
    await keyboard.press('ArrowDown');
    // The focus moves with the next frame.
    await page.waitForFunction((id) => document.activeElement.id !== id, before);
  }
  await keyboard.press('Enter');
  await expect.poll(() => playground.layerTypes()).toEqual(CUSTOM);

  await tabTo(playground.button('Train'), 'Shift+Tab');
  await keyboard.press('Enter');
  await until500(playground);
  expect(await hasFocus(playground.button('Pause'))).toBe(true);
  await keyboard.press('Enter');
  await expect(playground.button('Train')).toBeVisible();

  await tabTo(playground.pad);
  await keyboard.press('ArrowUp');
  await keyboard.press('Space');
  for (let row = 0; row < 8; row += 1) await keyboard.press('Shift+ArrowDown');
  await expect(page.getByText(/Looks like \d/)).toBeVisible();

  await tabTo(playground.button('Evaluate'));
  await keyboard.press('Enter');
  await expect(page.getByRole('region', { name: 'Test', exact: true }).getByText(/[89]\d(\.\d+)?\s?%/).first()).toBeVisible({ timeout: 60_000 });

  await tabTo(playground.button('Copy a link to this network'), 'Shift+Tab');
  await keyboard.press('Enter');
  await expectEnd(playground, context);
});

test.describe('on a phone', () => {
  test.use({ hasTouch: true, isMobile: true, viewport: { width: 390, height: 844 } });

  test('a newcomer with fingers alone', async ({ playground, context }) => {
    test.setTimeout(300_000);
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const { page } = playground;
    await playground.open();
    await watchSteps(playground);
    // The keyboard of a phone types; nothing else here presses keys.
    const setFilters = async (count) => {
      const field = page.getByRole('spinbutton', { name: 'Filters' });
      await field.tap();
      await field.fill(String(count));
      await field.press('Enter');
    };

    await playground.show('network');
    await playground.card('conv2d').tap();
    await setFilters(16);
    await playground.card('conv2d').tap();
    await playground.card('conv2d_1').tap();
    await setFilters(24);
    await playground.network.getByRole('button', { name: 'Add layer', exact: true }).nth(7).tap();
    await page.getByRole('menuitem', { name: /^Dropout\b/ }).tap();
    await expect.poll(() => playground.layerTypes()).toEqual(CUSTOM);

    await playground.button('Train').tap();
    await until500(playground);
    await playground.button('Pause').tap();
    await expect(playground.button('Train')).toBeVisible();

    // A finger on the pad, which must not scroll the page.
    await playground.show('input');
    await playground.pad.scrollIntoViewIfNeeded();
    const box = await playground.pad.boundingBox();
    const scrolled = await page.evaluate(() => window.scrollY);
    const session = await context.newCDPSession(page);
    const touch = (type, points) => session.send('Input.dispatchTouchEvent', { type, touchPoints: points.map(([x, y]) => ({ x: box.x + x * box.width, y: box.y + y * box.height })) });
    await touch('touchStart', [[0.5, 0.15]]);
    for (let y = 0.2; y < 0.86; y += 0.05) await touch('touchMove', [[0.5, y]]);
    await touch('touchEnd', []);
    await expect(page.getByText(/Looks like \d/)).toBeVisible();
    expect(await page.evaluate(() => window.scrollY)).toBe(scrolled);
    // A tap soon after the stroke may count as the second of a double one.
    await expect(async () => {
      await playground.showActions();
      await playground.button('Evaluate').tap();
      await expect(page.getByRole('region', { name: 'Test', exact: true }).getByText(/[89]\d(\.\d+)?\s?%/).first()).toBeVisible();
    }).toPass();
    await playground.button('Copy a link to this network').tap();
    await expectEnd(playground, context);
  });
});
