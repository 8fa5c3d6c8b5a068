// Layout and accessibility: small and huge screens, forced colours, reduced motion, touch, either language. Every panel
// is opened, and nothing is cut off, moves by itself or violates axe's rules.
import { artifact, axeViolations, expect, test } from './playground.js';

const DOCK = ['curves', 'confusion', 'mistakes', 'histograms', 'runs', 'log'];
const VIEWS = ['settings', 'weights', 'activations', 'gradients', 'formula'];

/** A model whose layers have all kinds of settings, trained a little. */
const LAYERS = [
  { type: 'Conv2D', filters: 8, kernelSize: [5, 5], strides: [2, 2], padding: 'same', activation: 'relu' }, { type: 'BatchNormalization' },
  { type: 'MaxPooling2D' }, { type: 'GlobalAveragePooling2D' }, { type: 'Dropout', rate: 0.25 },
  { type: 'Dense', units: 10, activation: 'softmax' },
];

/** Opens everything there is, whatever the language, and calls `visit` with the name of each state. */
async function tour(playground, visit) {
  const { page } = playground;
  await playground.open();
  await expect(page.locator('.verdict')).toContainText('3');
  await visit('first-run');
  if (await page.locator('.part-tabs').isVisible()) {
    await playground.show('training');
    await visit('training');
  }
  await playground.call('setModel', { layers: LAYERS });
  await playground.call('setTraining', { trainSamples: 640, validationSplit: 0.1 });
  await playground.call('train', { epochs: 2 });
  await playground.show('network');
  await page.locator('button.card').first().click();
  for (const [at, name] of VIEWS.entries()) {
    await page.locator('.views button').nth(at).click();
    // Tensors outside the view are not read.
    if (name !== 'settings') await page.locator('.tensor-image').evaluate((image) => image.scrollIntoView({ block: 'center' }));
    if (name === 'formula') await expect(page.locator('.formula-view table').last()).toBeVisible();
    else if (name !== 'settings') await expect(page.locator('.tensor-image')).not.toHaveJSProperty('width', 300);
    await visit(`inspector-${name}`);
    if (name === 'gradients') {
      await page.locator('.segmented.which button').last().click();
      await expect(page.locator('.tensor-image')).not.toHaveJSProperty('width', 300);
      await visit('inspector-gradients-output');
    }
  }
  await playground.show('results');
  for (const name of DOCK) {
    await page.locator(`#tab-${name}`).click();
    if (name === 'confusion') {
      await page.locator('.evaluation-note button').click();
      await page.locator('.confusion .cell').first().click({ timeout: 60_000 });
    }
    if (name === 'histograms') await page.locator('.histogram-image').first().scrollIntoViewIfNeeded();
    if (name === 'histograms') await expect(page.locator('.histogram-image').first()).not.toHaveJSProperty('width', 300);
    await visit(`dock-${name}`);
  }
  await playground.show('network');
  await page.locator('#follow-gradient').click();
  await expect(page.locator('.follow-line').first()).toBeVisible();
  for (let line = 0; line < 3; line += 1) {
    await page.locator('.follow-line').last().locator('.follow-factor').last().click();
    await expect(page.locator('.follow-line')).toHaveCount(line + 2);
  }
  await visit('dock-follow');
  await page.locator('.follow-header .segmented button').last().click();
  await expect(page.locator('.follow .gallery-image').first()).toBeVisible();
  for (const [at, stage] of ['batch', 'forward', 'loss', 'backward', 'update'].entries()) {
    await page.locator('.step-stages button').nth(at).click();
    await visit(`dock-slow-step-${stage}`);
  }
  await page.keyboard.press('Escape');
  await playground.show('network');
  await page.locator('.add').nth(1).click();
  await expect(page.getByRole('menu')).toBeVisible();
  await visit('menu');
  await page.keyboard.press('Escape');
  await page.locator('button.card').last().click();
  await page.keyboard.press('Delete');
  await expect(page.locator('.card.faulty, .fault-box').first()).toBeVisible();
  await visit('fault');
  // A file that is none.
  await page.evaluate(() => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(['nothing'], 'none.safetensors'));
    document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
  });
  await expect(page.locator('.notice-error')).toBeVisible();
  await visit('notice');
}

/** Finds elements beyond the edges of the page or of their own box. */
const cut = (page) =>
  page.evaluate(() => {
    const found = [];
    const scrolls = (element) => /auto|scroll/.test(getComputedStyle(element).overflowX);
    const isInScroller = (element) => element && element !== document.documentElement && (scrolls(element) || isInScroller(element.parentElement));
    if (document.documentElement.scrollWidth > document.documentElement.clientWidth) found.push('the page is wider than the window');
    for (const element of document.querySelectorAll('body *')) {
      const box = element.getBoundingClientRect();
      if (!box.width || !box.height || element.closest('.visually-hidden, .skip-link, svg, math, .tensor-cursor') || isInScroller(element)) continue;
      const name = `<${element.tagName.toLowerCase()} class="${element.className}"> ${element.textContent.trim().slice(0, 40)}`;
      if (box.right > document.documentElement.clientWidth + 1 || box.left < -1) found.push(`beyond the edge: ${name}`);
      if (element.matches('.panel, .card, figure') && element.scrollHeight > element.clientHeight + 2) found.push(`below its box (${element.scrollHeight} > ${element.clientHeight}): ${name}`);
      const hasText = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
      if ((hasText || element.matches('button, td, th, label')) && element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== 'inline') {
        found.push(`cut or beyond its box (${element.scrollWidth} > ${element.clientWidth}): ${name}`);
      }
    }
    return found;
  });

/** Returns axe's findings in a state's panel, or in the whole page. */
const axe = async (page, state) => {
  const place = { inspector: '.inspector', dock: '.dock' }[state.split('-')[0]] ?? 'html';
  // An element under the sticky bar is not a target of full size.
  await page.evaluate(() => scrollTo(0, 0));
  return axeViolations(page, place);
};

for (const [language, locale] of [['English', 'en-US'], ['Chinese', 'zh-CN']]) {
  test.describe(`in ${language}`, () => {
    test.use({ locale });
    for (const [width, height] of [[320, 640], [390, 844], [800, 900], [1280, 800], [3840, 2160]]) {
      test(`nothing is cut at ${width} pixels`, async ({ playground }) => {
        test.slow();
        const { page } = playground;
        await page.emulateMedia({ colorScheme: width === 390 ? 'dark' : 'light' });
        await page.setViewportSize({ width, height });
        const found = {};
        await tour(playground, async (state) => {
          await artifact(page, `tour-${width}-${locale}-${state}`);
          const here = await cut(page);
          if (here.length > 0) found[state] = here;
        });
        expect(found).toEqual({});
      });
    }

    for (const colorScheme of ['light', 'dark']) {
      test(`axe finds nothing in any panel, ${colorScheme}`, async ({ playground }) => {
        test.slow();
        const { page } = playground;
        await page.emulateMedia({ colorScheme });
        const found = {};
        await tour(playground, async (state) => {
          const here = await axe(page, state);
          if (here.length > 0) found[state] = here;
        });
        expect(found).toEqual({});
      });
    }
  });
}

test('forced colours: what is selected, filled or drawn can be told from what is not', async ({ playground }) => {
  test.slow();
  const { page } = playground;
  await page.emulateMedia({ forcedColors: 'active' });
  expect(await page.evaluate(() => matchMedia('(forced-colors: active)').matches)).toBe(true);
  const style = (selector, property) => page.locator(selector).first().evaluate((element, property) => getComputedStyle(element)[property], property);
  const ground = () => style('body', 'backgroundColor');
  const found = {};
  await tour(playground, async (state) => {
    await artifact(page, `tour-forced-${state}`);
    const here = await axe(page, state);
    if (here.length > 0) found[state] = here;
    if (state === 'first-run') {
      expect(await style('.bar-fill', 'backgroundColor')).not.toBe(await ground());
    }
    if (state.startsWith('inspector-')) {
      const chosen = '.views button[aria-pressed="true"]';
      const other = '.views button[aria-pressed="false"]';
      expect(await style(chosen, 'backgroundColor'), state).not.toBe(await style(other, 'backgroundColor'));
      expect(await style('.card.selected', 'outlineStyle')).toBe('solid');
    }
    if (state === 'dock-confusion') {
      const shades = await page.locator('.confusion td').evaluateAll((cells) => new Set(cells.map((cell) => getComputedStyle(cell).backgroundColor)).size);
      expect(shades, 'shades of the confusion matrix').toBeGreaterThan(3);
    }
    if (state === 'dock-curves') {
      const [train, validation] = await Promise.all(['.legend-line:not(.legend-validation)', '.legend-validation'].map((line) => style(line, 'borderTopColor')));
      expect(train).not.toBe(validation);
    }
    if (state.startsWith('dock-')) {
      expect(await style('.tab[aria-selected="true"]', 'borderBottomColor')).not.toBe(await style('.tab[aria-selected="false"]', 'borderBottomColor'));
    }
  });
  expect(found).toEqual({});
});

test('reduced motion: nothing moves', async ({ playground }) => {
  const { page } = playground;
  const moving = () =>
    page.evaluate(() => {
      const seconds = (text) => Math.max(...text.split(',').map(parseFloat));
      const styles = [...document.querySelectorAll('*')].map((element) => getComputedStyle(element));
      const still = ({ transitionDuration, animationName, scrollBehavior }) => seconds(transitionDuration) === 0 && animationName === 'none' && scrollBehavior === 'auto';
      return styles.filter((style) => !still(style)).length + document.getAnimations().length;
    });
  await playground.open();
  expect(await moving(), 'without the wish').toBeGreaterThan(0);
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await tour(playground, async (state) => expect(await moving(), state).toBe(0));
});

/** Waits until this number of training steps has been reported. */
const steps = (page, count) =>
  page.evaluate((count) => new Promise((resolve) => {
    let left = count;
    const stop = window.chalkgrad.on('batch', () => { if (--left === 0) resolve(stop()); });
  }), count);

/** Waits until what has changed has been painted. */
const frames = (page) => page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve)))));

for (const [width, height] of [[1280, 800], [390, 844]]) {
  test(`nothing shifts by itself, ${width} pixels wide`, async ({ playground }) => {
    test.slow();
    const { page } = playground;
    await page.setViewportSize({ width, height });
    await page.addInitScript(() => {
      window.shifts = [];
      new PerformanceObserver((list) => {
        for (const { value, hadRecentInput, sources } of list.getEntries()) {
          if (!hadRecentInput) window.shifts.push([value, ...sources.slice(0, 4).map(({ node }) => node?.className ?? node?.nodeName)]);
        }
      }).observe({ type: 'layout-shift', buffered: true });
    });
    const shifts = () =>
      page.evaluate(() => {
        const { shifts } = window;
        window.shifts = [];
        return { sum: shifts.reduce((sum, [value]) => sum + value, 0), shifts };
      });
    await playground.open();
    await expect(page.locator('.verdict')).toContainText('3');
    await expect(page.getByText('Ready to train')).toBeVisible();
    await frames(page);
    const loaded = await shifts();
    expect(loaded.sum, JSON.stringify(loaded.shifts)).toBeLessThan(0.01);

    // During training, with everything open in turn. A movement caused by a click is not a layout shift; a later one
    // is.
    await playground.show('network');
    await playground.card('conv2d_1').click();
    // Small batches: many steps in little time.
    await playground.call('setTraining', { batchSize: 8 });
    const run = page.evaluate(() => window.chalkgrad.train({ epochs: 9 }).catch(() => {}));
    const found = {};
    const look = async (name) => {
      await steps(page, 20);
      await frames(page);
      await shifts();
      await steps(page, 50);
      await frames(page);
      const { sum, shifts: here } = await shifts();
      if (sum >= 0.01) found[name] = here;
    };
    for (const [at, name] of VIEWS.entries()) {
      await page.locator('.views button').nth(at).click();
      await look(name);
    }
    // Progress of a run, in the numbers of an epoch of the whole data set.
    await expect(page.getByText(/batch ([1-9]\d\d|[1-9],\d+) of 7,500/)).toBeVisible({ timeout: 60_000 });
    expect((await cut(page)).filter((found) => found.includes('Epoch'))).toEqual([]);
    await page.locator('.views button').first().click();
    await playground.show('results');
    for (const name of DOCK) {
      await page.locator(`#tab-${name}`).click();
      await look(name);
    }
    await page.evaluate(() => window.chalkgrad.stop());
    await run;
    expect(found).toEqual({});
  });
}

test.describe('with a finger', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

  test('the page scrolls over every image, and the pad is drawn on', async ({ playground, context }) => {
    const { page } = playground;
    await playground.open();
    // The example is drawn as soon as the pretrained weights answer, unless a run has begun.
    await expect(page.getByText(/^Looks like/)).toBeVisible();
    await playground.call('train', { steps: 3 });
    const session = await context.newCDPSession(page);
    const drag = async (locator) => {
      await locator.evaluate((element) => element.scrollIntoView({ block: 'center' }));
      const box = await locator.boundingBox();
      const before = await page.evaluate(() => scrollY);
      const touch = (type, up) =>
        session.send('Input.dispatchTouchEvent', { type, touchPoints: up === undefined ? [] : [{ x: box.x + box.width / 2, y: box.y + box.height / 2 - up }] });
      await touch('touchStart', 0);
      for (let up = 10; up <= 120; up += 10) {
        await touch('touchMove', up);
        await frames(page);
      }
      await touch('touchEnd');
      await frames(page);
      return (await page.evaluate(() => scrollY)) - before;
    };
    await playground.show('network');
    await playground.card('conv2d').click();
    for (const at of [1, 2, 3]) {
      await page.locator('.views button').nth(at).click();
      const image = page.locator('.tensor-image');
      await image.evaluate((element) => element.scrollIntoView({ block: 'center' }));
      await expect(image).not.toHaveJSProperty('width', 300);
      expect(await drag(image), VIEWS[at]).toBeGreaterThan(60);
    }
    await page.locator('.views button').first().click();
    await playground.show('results');
    // So low that every tab has somewhere to scroll to.
    await page.setViewportSize({ width: 390, height: 560 });
    for (const [tab, image] of [['curves', '.chart-canvas'], ['histograms', '.histogram-image']]) {
      await page.locator(`#tab-${tab}`).click();
      await expect(page.locator(image).first()).toBeVisible();
      expect(await drag(page.locator(image).first()), tab).toBeGreaterThan(60);
    }
    await playground.show('input');
    await playground.press('Clear');
    await expect(page.getByText(/^Looks like/)).toBeHidden();
    expect(await drag(playground.pad), 'the pad').toBe(0);
    await expect(page.getByText(/^Looks like/)).toBeVisible();
  });

  test('one part at a time, as it was left, with the training buttons and the numbers always in view', async ({ playground }) => {
    const { page } = playground;
    await playground.open();
    await expect(page.getByText(/^Looks like/)).toBeVisible();
    const shown = () => page.locator('main .panel').evaluateAll((panels) => panels.filter((panel) => panel.checkVisibility()).map((panel) => panel.classList[1]));
    const bar = page.getByRole('contentinfo');
    const parts = page.getByRole('navigation', { name: 'Parts of the page' });
    const expectBar = async () => {
      const window = page.viewportSize();
      for (const name of ['Train', 'Step']) {
        const box = await bar.getByRole('button', { name, exact: true }).boundingBox();
        expect(box.y >= 0 && box.y + box.height <= window.height && box.x >= 0 && box.x + box.width <= window.width, name).toBe(true);
        expect(box.height).toBeGreaterThanOrEqual(40);
      }
      for (const name of ['Epoch loss', 'Epoch acc.']) await expect(bar.getByText(name, { exact: true })).toBeInViewport();
    };
    for (const width of [390, 320]) {
      await page.setViewportSize({ width, height: 640 });
      for (const [name, panel] of [['Input', 'digit'], ['Network', 'network'], ['Results', 'dock'], ['Training', 'training']]) {
        await parts.getByRole('button', { name, exact: true }).tap();
        await expect(parts.getByRole('button', { name, exact: true })).toHaveAttribute('aria-current', 'true');
        expect(await shown()).toEqual([panel]);
        await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight / 2));
        await expectBar();
      }
    }
    // A layer opens in its list, and both are as they were left.
    await playground.show('network');
    await playground.card('conv2d_1').tap();
    await page.getByRole('spinbutton', { name: 'Filters' }).fill('24');
    await page.getByRole('spinbutton', { name: 'Filters' }).press('Enter');
    await expect.poll(async () => (await playground.call('getModel')).layers[2].filters).toBe(24);
    expect(await page.evaluate(() => scrollY)).toBeGreaterThan(100);
    // Not the page's own position: pictures that come later push it, and the browser keeps what is seen in its place.
    const place = async () => Math.round((await page.getByRole('spinbutton', { name: 'Filters' }).boundingBox()).y);
    const left = await place();
    await playground.show('input');
    await bar.getByRole('button', { name: 'Step', exact: true }).tap();
    await expect(bar.getByText('Epoch 1, batch 1 of 1,875')).toBeVisible();
    await expect(bar.locator('dd').first()).toHaveText(/\d/);
    await playground.show('network');
    await expect(page.getByRole('spinbutton', { name: 'Filters' })).toHaveValue('24');
    await expect.poll(async () => Math.abs((await place()) - left)).toBeLessThan(3);
    // The test's result is where its button leads.
    await playground.showActions();
    await bar.getByRole('button', { name: 'Evaluate', exact: true }).tap();
    await expect(page.getByRole('table', { name: 'Confusion matrix' })).toBeVisible();
    // A wide window shows all parts again, and no second set of buttons.
    await page.setViewportSize({ width: 1280, height: 800 });
    await expect.poll(shown).toEqual(['digit', 'network', 'inspector', 'dock']);
    await expect(playground.button('Train')).toHaveCount(1);
  });
});
