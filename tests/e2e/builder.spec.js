// Building a network: its cards, what flows between them, what can be put where, and what puts a fault right.
import { SMALL, artifact, expect, test } from './playground.js';

const cost = (page) => page.locator('#network .panel-note');
const announcement = (page) => page.locator('[aria-live="polite"]').filter({ hasText: /is now layer|现在是第/ }).first();

/** The pixels of the thumbnail on a card, as one text. */
const thumbnail = (playground, name) =>
  playground.card(name).locator('canvas.thumbnail').evaluate((canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width || 1, canvas.height || 1);
    return `${canvas.width}x${canvas.height} ${data.join(' ')}`;
  });

for (const [width, height, colorScheme] of [[1280, 800, 'light'], [390, 844, 'dark']]) {
  test.describe(`${width} pixels wide, ${colorScheme}`, () => {
    test.use({ viewport: { width, height }, colorScheme });

    test('each card shows what its layer makes of the image, on every stroke and while training', async ({ playground }) => {
      await playground.open();
      await playground.show('network');
      await playground.card('conv2d').scrollIntoViewIfNeeded();
      // 8 channels of 26 x 26, a pixel between them.
      await expect.poll(async () => (await thumbnail(playground, 'conv2d')).split(' ')[0]).toBe('107x53');
      const before = await thumbnail(playground, 'conv2d');
      await playground.show('input');
      await playground.draw([[0.3, 0.2], [0.7, 0.2], [0.4, 0.85]]);
      await playground.show('network');
      await playground.card('conv2d').scrollIntoViewIfNeeded();
      await expect.poll(() => thumbnail(playground, 'conv2d')).not.toBe(before);
      const drawn = await thumbnail(playground, 'conv2d');
      await playground.call('train', { steps: 20 });
      await expect.poll(() => thumbnail(playground, 'conv2d')).not.toBe(drawn);
      await artifact(playground.page, `builder-${width}-${colorScheme}`);
    });

    test('a gap offers only layers that fit there, each with what it does', async ({ playground }) => {
      await playground.open();
      await playground.show('network');
      const offered = async (place) => {
        await playground.network.getByRole('button', { name: 'Add layer', exact: true }).nth(place).click();
        // Its code comes when it is opened for the first time.
        await playground.page.getByRole('menuitem').first().waitFor();
        const items = await playground.page.getByRole('menuitem').evaluateAll((all) => all.map((item) => [item.querySelector('.menu-name').textContent, item.querySelector('.menu-help').textContent]));
        await playground.page.keyboard.press('Escape');
        expect(items.every(([, help]) => help.length > 10)).toBe(true);
        return items.map(([name]) => name);
      };
      const onImage = await offered(0);
      expect(onImage).toContain('Conv2D');
      expect(onImage).not.toContain('Conv1D');
      const onVector = await offered(7);
      expect(onVector).toContain('Dense');
      expect(onVector).not.toContain('Conv2D');
      expect(onVector).not.toContain('MaxPooling2D');
    });

    test('the shape between two cards says how it comes about', async ({ playground }) => {
      await playground.open();
      await playground.show('network');
      const chip = playground.network.getByRole('button', { name: '26×26×32', exact: true }).first();
      await chip.focus();
      const tip = playground.page.getByRole('tooltip');
      await expect(tip).toContainText('rows: (28 - 3) / 1 + 1 = 26');
      await expect(tip).toContainText('channels: filters = 32');
      await playground.page.keyboard.press('Escape');
      await expect(tip).toHaveCount(0);
      if (width > 720) {
        await chip.hover();
        await expect(tip).toBeVisible();
      }
    });

    test('a fault is put right with one click, and that is one step to undo', async ({ playground }) => {
      await playground.open();
      await playground.show('network');
      const initial = await playground.layerTypes();
      await playground.card('flatten').click();
      await playground.card('flatten').press('Delete');
      await expect(playground.network.getByRole('alert').first()).toContainText('A Flatten is missing');
      await artifact(playground.page, `fault-${width}-${colorScheme}`);
      await playground.network.getByRole('button', { name: 'Insert Flatten here' }).first().click();
      await expect(playground.network.getByRole('alert')).toHaveCount(0);
      await expect.poll(() => playground.layerTypes()).toEqual(initial);
      await playground.press('Undo');
      await expect(playground.network.getByRole('alert').first()).toBeVisible();
      await playground.press('Redo');
      await expect(playground.network.getByRole('alert')).toHaveCount(0);
    });

    test('a layer can be renamed, and a name that cannot be is refused', async ({ playground }) => {
      await playground.open();
      await playground.show('network');
      await playground.card('conv2d').click();
      const field = playground.page.getByRole('textbox', { name: 'Name' });
      await field.fill('edges');
      await expect.poll(async () => (await playground.call('getModel')).layers[0].name).toBe('edges');
      expect(await playground.call('tensorNames')).toContain('edges.kernel');
      await field.fill('two words');
      await expect(playground.network.getByRole('alert').first()).toContainText('The name cannot be used');
      await playground.network.getByRole('button', { name: 'Name it automatically' }).first().click();
      await expect.poll(async () => (await playground.call('getModel')).layers[0].name).toBeUndefined();
    });
  });
}

test('nothing is read while nobody can see it', async ({ playground }) => {
  await playground.page.addInitScript(() => {
    window.looks = 0;
    const post = Worker.prototype.postMessage;
    Worker.prototype.postMessage = function (message, ...rest) {
      const text = JSON.stringify(message, (key, value) => (ArrayBuffer.isView(value) ? 0 : value));
      // The prediction of the whole network is not a layer's.
      if (text.includes('"inspect"') && !text.includes('["output"]')) window.looks += 1;
      return post.call(this, message, ...rest);
    };
  });
  await playground.page.setViewportSize({ width: 390, height: 300 });
  await playground.open();
  await playground.call('train', { steps: 5 });
  expect(await playground.page.evaluate(() => window.looks)).toBe(0);
  await playground.show('network');
  await playground.card('conv2d').scrollIntoViewIfNeeded();
  await expect.poll(() => playground.page.evaluate(() => window.looks)).toBeGreaterThan(0);
});

test('what a shape says of itself stays in the window', async ({ playground }) => {
  const { page } = playground;
  for (const width of [320, 800]) {
    await page.setViewportSize({ width, height: 800 });
    await playground.open();
    await playground.show('network');
    const chips = playground.network.locator('button.chip');
    expect(await chips.count()).toBeGreaterThan(7);
    for (const chip of await chips.all()) {
      await chip.hover();
      const edges = () => page.getByRole('tooltip').evaluate((tip) => [tip.getBoundingClientRect().left, tip.getBoundingClientRect().right]);
      await expect.poll(async () => (await edges())[0], `left, ${await chip.innerText()}`).toBeGreaterThanOrEqual(0);
      await expect.poll(async () => (await edges())[1], `right, ${await chip.innerText()}`).toBeLessThanOrEqual(width);
    }
  }
});

test('parameters, operations and memory are said per layer and in all', async ({ playground }) => {
  await playground.open();
  await expect(cost(playground.page)).toHaveText('93,322 parameters · 5.7 MFLOP per image · 5.2 MB');
  await expect(playground.card('conv2d')).toContainText('433 kFLOP');
  await playground.card('conv2d').click();
  await expect(playground.page.getByText('320 parameters, 433 kFLOP forward, 2.8 MB at batch size 32')).toBeVisible();
});

test('a card is dragged into another gap, and that is announced', async ({ playground }) => {
  await playground.open();
  const initial = await playground.layerTypes();
  await playground.addLayer(6, 'Dropout');
  await expect.poll(async () => (await playground.layerTypes())[6]).toBe('Dropout');
  const box = await playground.card('dropout').boundingBox();
  const gap = await playground.page.locator('.cards .gap').nth(8).boundingBox();
  await playground.page.mouse.move(box.x + 30, box.y + 20);
  await playground.page.mouse.down();
  await playground.page.mouse.move(box.x + 60, box.y + 40, { steps: 4 });
  await playground.page.mouse.move(gap.x + gap.width / 2, gap.y + gap.height / 2, { steps: 8 });
  await expect(playground.page.locator('.gap.drop')).toHaveCount(1);
  await playground.page.mouse.up();
  await expect.poll(() => playground.layerTypes()).toEqual([...initial.slice(0, 7), 'Dropout', ...initial.slice(7)]);
  await expect(announcement(playground.page)).toHaveText('Dropout is now layer 8 of 9.');
});

test.describe('by touch', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true });

  test('a card is dragged by its handle', async ({ playground, page }) => {
    await playground.open();
    await playground.show('network');
    const units = async () => (await playground.call('getModel')).layers.slice(6).map((layer) => layer.units);
    expect(await units()).toEqual([64, 10]);
    // The last layer; the gap into which it goes must be in view as well.
    const card = page.locator('.card-place').nth(7);
    await card.evaluate((card) => card.scrollIntoView({ block: 'end' }));
    const box = await card.locator('.handle').boundingBox();
    const gap = await page.locator('.cards .gap').nth(6).boundingBox();
    const session = await page.context().newCDPSession(page);
    const touch = (type, x, y) => session.send('Input.dispatchTouchEvent', { type, touchPoints: type === 'touchEnd' ? [] : [{ x, y }] });
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    await touch('touchStart', x, y);
    const to = gap.y + gap.height / 2;
    for (let step = 1; step <= 8; step += 1) await touch('touchMove', x, y + ((to - y) * step) / 8);
    await touch('touchEnd');
    await expect.poll(units).toEqual([10, 64]);
    await playground.press('Undo');
    await expect.poll(units).toEqual([64, 10]);
  });
});

test('Delete and Alt with an arrow are for the card that has the focus, whichever is selected', async ({ playground, page }) => {
  await playground.open();
  const types = await playground.layerTypes();
  await playground.card('conv2d').click();
  await playground.card('dense').focus();
  await page.keyboard.press('Delete');
  await expect.poll(() => playground.layerTypes()).toEqual(types.toSpliced(6, 1));
  await playground.card('conv2d').click();
  await playground.card('max_pooling2d').focus();
  await page.keyboard.press('Alt+ArrowLeft');
  await expect.poll(() => playground.layerTypes()).toEqual(['MaxPooling2D', 'Conv2D', ...types.slice(2, 6), 'Dense']);
});

test('an edit keeps the weights of the layers that did not change', async ({ playground }) => {
  await playground.open();
  await playground.call('train', { steps: 5 });
  const kernel = (name) => playground.page.evaluate(async (name) => Array.from((await window.chalkgrad.tensor(name)).data), name);
  const [conv, dense] = [await kernel('conv2d.kernel'), await kernel('dense_1.kernel')];
  await playground.addLayer(7, 'Dropout');
  await expect.poll(async () => (await playground.layerTypes())[7]).toBe('Dropout');
  expect(await kernel('conv2d.kernel')).toEqual(conv);
  expect(await kernel('dense_1.kernel')).toEqual(dense);
  // With another number of units in the previous layer, its weights and those of the next are new; the others stay.
  await playground.card('dense').click();
  await playground.page.getByRole('spinbutton', { name: 'Units' }).fill('32');
  await expect.poll(async () => (await playground.call('getModel')).layers[6].units).toBe(32);
  expect(await kernel('conv2d.kernel')).toEqual(conv);
  expect(await kernel('dense_1.kernel')).toHaveLength(320);
});

test('speaks Chinese in the builder', async ({ playground, page }) => {
  await playground.open();
  await page.getByRole('group', { name: 'Language' }).getByRole('button', { name: '中文' }).click();
  await expect(cost(page)).toContainText('个参数');
  await page.getByRole('button', { name: '添加层', exact: true }).first().click();
  await expect(page.getByRole('menuitem', { name: /^Conv2D\b/ })).toContainText('卷积核');
  await page.keyboard.press('Escape');
  await playground.call('setModel', { layers: SMALL });
});

test.describe('the strip', () => {
  test.use({ viewport: { width: 1366, height: 768 } });
  const strip = (page) => page.locator('.strip');
  const PRESET = 'preset_normalised';

  test('fifteen layers are one row that scrolls sideways, and Fit shows all of it', async ({ playground, page }) => {
    await playground.open();
    await page.getByRole('combobox', { name: 'Start from' }).selectOption(PRESET);
    await expect(page.locator('button.card')).toHaveCount(15);
    await page.locator('.thumbnail').nth(3).waitFor();
    const { height } = await strip(page).boundingBox();
    expect(height).toBeLessThan(180);
    expect((await playground.network.boundingBox()).height).toBeLessThanOrEqual(230);
    // Unfolded, all cards stand beside each other, and the selected one is in view.
    for (let block = 0; block < 3; block += 1) await playground.network.getByRole('button', { name: /^Unfold / }).first().click();
    const tops = await page.locator('button.card').evaluateAll((cards) => cards.map((card) => card.getBoundingClientRect().top));
    expect(new Set(tops.map(Math.round)).size).toBe(1);
    const isInView = () =>
      page.locator('.card.selected').evaluate((card) => {
        const [inner, outer] = [card, card.closest('.strip')].map((element) => element.getBoundingClientRect());
        return inner.left >= outer.left && inner.right <= outer.right;
      });
    await page.locator('button.card').first().click();
    for (let presses = 0; presses < 14; presses += 1) await page.keyboard.press('ArrowRight');
    await expect(page.locator('button.card').last()).toHaveClass(/selected/);
    await expect.poll(isInView).toBe(true);
    await artifact(page, 'strip-unfolded');
    const overflow = () => strip(page).evaluate((element) => element.scrollWidth - element.clientWidth);
    expect(await overflow()).toBeGreaterThan(100);
    await playground.press('Fit');
    await expect.poll(overflow).toBeLessThanOrEqual(0);
    await artifact(page, 'strip-fitted');
    await page.reload();
    await expect(playground.button('Fit')).toHaveAttribute('aria-pressed', 'true');
  });

  test('a residual network has lines round its blocks, and the form chooses what Add takes', async ({ playground, page }) => {
    await playground.open();
    await page.getByRole('combobox', { name: 'Start from' }).selectOption('preset_residual');
    await expect(page.locator('.links path')).toHaveCount(3);
    expect((await playground.network.boundingBox()).height).toBeLessThanOrEqual(232);
    // Each line begins behind its source and ends before its target.
    const ends = async () => {
      // Short lines are drawn first.
      const line = await page.locator('.links path').nth(1).boundingBox();
      const [from, to] = await Promise.all(['max_pooling2d', 'add'].map((name) => playground.card(name).boundingBox()));
      return [line.x - (from.x + from.width), to.x - (line.x + line.width)];
    };
    await expect.poll(async () => (await ends()).every((distance) => Math.abs(distance) < 8)).toBe(true);
    await playground.card('add').click();
    const inputs = page.getByRole('combobox', { name: /^Input \d$/ });
    await expect(inputs).toHaveCount(2);
    await expect(inputs.first()).toHaveValue('max_pooling2d');
    const model = async () => (await playground.call('getModel')).layers[7].inputs;
    await inputs.first().selectOption('activation');
    await expect.poll(model).toEqual(['activation', 'batch_normalization_1']);
    // A layer before them moves the automatic names on; the inputs follow.
    await playground.addLayer(2, 'Conv2D');
    await expect.poll(async () => (await playground.call('getModel')).layers.length).toBe(20);
    await playground.press('Undo');
    await playground.press('Undo');
    await expect.poll(model).toEqual(['max_pooling2d', 'batch_normalization_1']);
    const { layers } = await playground.call('setModel', await playground.call('getModel'));
    expect(layers[7].inputs).toEqual(['max_pooling2d', 'batch_normalization_1']);
    await playground.card('add').click();
    await playground.press('Delete');
    // The layer behind the sum takes the end of the block instead.
    await expect(page.locator('.links path')).toHaveCount(2);
    await expect(playground.network.getByRole('alert')).toHaveCount(0);
    await playground.press('Undo');
    const { loss } = await playground.call('train', { steps: 2 });
    expect(loss.every(Number.isFinite)).toBe(true);
  });

  test('a convolution, its normalisation and its activation fold into one card', async ({ playground, page }) => {
    await playground.open();
    await page.getByRole('combobox', { name: 'Start from' }).selectOption(PRESET);
    const [conv, norm, activation] = ['conv2d', 'batch_normalization', 'activation'].map((name) => playground.card(name));
    const boxes = async () => Promise.all([conv, norm, activation].map((card) => card.boundingBox()));
    await expect(conv).toBeVisible();
    const [a, b, c] = await boxes();
    expect([b.x, c.x]).toEqual([a.x, a.x]);
    expect(b.y).toBeGreaterThan(a.y);
    expect(c.y).toBeGreaterThan(b.y);
    await expect(norm).toContainText('BatchNorm');
    // Each part is selected by itself, by mouse and by keys.
    await norm.click();
    await expect(page.getByRole('heading', { name: 'batch_normalization', exact: true })).toBeVisible();
    await page.keyboard.press('ArrowDown');
    await expect(activation).toHaveAttribute('aria-pressed', 'true');
    await playground.network.getByRole('button', { name: 'Unfold Conv2D, BatchNormalization, Activation' }).first().click();
    const [d, e] = await boxes();
    expect(e.x).toBeGreaterThan(d.x + d.width);
    await playground.network.getByRole('button', { name: 'Fold Conv2D, BatchNormalization, Activation' }).first().click();
    // Without its activation it is no block any more.
    await activation.click();
    await page.keyboard.press('Delete');
    await expect(playground.network.getByRole('button', { name: /^Unfold / })).toHaveCount(2);
  });

  test('lines connect the cards, and a legend names the colours of their kinds', async ({ playground, page }) => {
    await playground.open();
    const ends = await page.evaluate(() =>
      [...document.querySelectorAll('.slot .connection line')].slice(0, 8).map((line) => {
        const { left, right } = line.getBoundingClientRect();
        const near = (x) => [...document.querySelectorAll('.card')].some((card) => {
          const box = card.getBoundingClientRect();
          return Math.abs(box.left - x) < 3 || Math.abs(box.right - x) < 3;
        });
        return near(left) && near(right);
      }),
    );
    expect(ends).toEqual(Array(8).fill(true));
    await expect(page.getByRole('list', { name: 'Colours of the cards' }).getByRole('listitem')).toHaveText(['Convolution', 'Pooling', 'Dense', 'Other']);
    const colour = (selector) => page.locator(selector).first().evaluate((element) => getComputedStyle(element).getPropertyValue('--kind'));
    for (const [name, kind] of [['conv2d', 'convolution'], ['max_pooling2d', 'pooling'], ['dense', 'dense'], ['flatten', 'other']]) {
      const card = await playground.card(name).evaluate((element) => getComputedStyle(element).getPropertyValue('--kind'));
      expect(card, name).toBe(await colour(`.kind-swatch.kind-${kind}`));
    }
  });

  test('a card says what its layer does, what it costs and which channels it shows', async ({ playground, page }) => {
    await playground.open();
    const tip = page.getByRole('tooltip');
    await playground.card('conv2d').hover();
    for (const text of ['conv2d', '32 · 3×3 · relu', '320 parameters, 433 kFLOP', 'first 8 of 32 channels']) await expect(tip).toContainText(text);
    await page.mouse.move(5, 5);
    await expect(tip).toHaveCount(0);
    await playground.card('conv2d').focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await expect(tip).toContainText('max_pooling2d');
    await page.keyboard.press('Escape');
    await expect(tip).toHaveCount(0);
  });
});

for (const width of [720, 1024, 1366]) {
  test(`no word breaks inside at ${width} pixels`, async ({ playground, page }) => {
    await page.setViewportSize({ width, height: 768 });
    await playground.open();
    await playground.call('setModel', { layers: [{ type: 'Conv2D', filters: 8, kernelSize: 3 }, { type: 'BatchNormalization' }, { type: 'AveragePooling2D' }, { type: 'GlobalAveragePooling2D' }, { type: 'Dense', units: 10, activation: 'softmax' }] });
    await expect(page.locator('button.card')).toHaveCount(5);
    /** Words of cards, forms and fixes that are drawn on more than one line or beyond their box. */
    const broken = () =>
      page.evaluate(() => {
        const found = [];
        const walker = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) {
          const { parentElement: place, data } = walker.currentNode;
          if (!place.closest('.card-type, .card-problem, .row label, .fix, .fault-box')) continue;
          for (const { 0: word, index } of data.matchAll(/[A-Za-z0-9]+/g)) {
            const range = document.createRange();
            range.setStart(walker.currentNode, index);
            range.setEnd(walker.currentNode, index + word.length);
            const lines = new Set([...range.getClientRects()].map((rect) => Math.round(rect.top)));
            const card = place.closest('.card')?.getBoundingClientRect();
            const isBeyond = card && range.getBoundingClientRect().right > card.right;
            if (lines.size > 1 || isBeyond) found.push(word);
          }
        }
        return found;
      });
    expect(await broken()).toEqual([]);
    await playground.card('batch_normalization').click();
    expect(await broken()).toEqual([]);
    await playground.card('global_average_pooling2d').click();
    await playground.press('Delete');
    await expect(playground.network.getByRole('alert').first()).toBeVisible();
    expect(await broken()).toEqual([]);
  });
}

test('a fault has its title on the card and its sentence in one place, in shapes as the page writes them', async ({ playground, page }) => {
  await page.setViewportSize({ width: 1024, height: 768 });
  await playground.open();
  const height = async () => (await page.locator('.strip').boundingBox()).height;
  const before = await height();
  await playground.card('flatten').click();
  await playground.card('flatten').press('Delete');
  await playground.network.locator('.card.faulty').click();
  await expect(playground.network.locator('.card.faulty')).toContainText('A Flatten is missing');
  await expect(page.getByText('so the output of the model keeps the shape 3×3×10')).toHaveCount(1);
  expect(await height()).toBeLessThanOrEqual(before + 2);
  expect(await page.locator('main').innerText()).not.toMatch(/\[\d+(,\d+)*\]|\[features\]/);
});

test('one field means height and width, until they are parted', async ({ playground, page }) => {
  await playground.open();
  const kernel = () => playground.page.evaluate(async () => (await window.chalkgrad.getModel()).layers[0].kernelSize);
  await playground.card('conv2d').click();
  const field = page.getByRole('spinbutton', { name: 'Kernel size', exact: true });
  await field.fill('9');
  await expect.poll(kernel).toEqual([9, 9]);
  await expect(playground.network.getByRole('alert')).toHaveCount(0);
  // By two, so that the kernel keeps its middle.
  await field.press('ArrowDown');
  await expect.poll(kernel).toEqual([7, 7]);
  const row = page.locator('.row').filter({ has: field });
  await row.getByRole('button', { name: 'Less' }).click();
  await expect.poll(kernel).toEqual([5, 5]);
  await row.getByRole('button', { name: 'Same height and width' }).click();
  await page.getByRole('spinbutton', { name: 'Kernel size: width' }).fill('3');
  await expect.poll(kernel).toEqual([5, 3]);
  await page.locator('.row').filter({ hasText: 'Kernel size' }).getByRole('button', { name: 'Same height and width' }).click();
  await expect.poll(kernel).toEqual([5, 5]);
  await expect(field).toHaveValue('5');
});

test('what is only half typed is no fault', async ({ playground, page }) => {
  await playground.open();
  await playground.card('conv2d').click();
  const field = page.getByRole('spinbutton', { name: 'Filters' });
  await field.fill('');
  expect(await playground.network.getByRole('alert').count()).toBe(0);
  await expect(field).toHaveAttribute('aria-invalid', 'false');
  await field.pressSequentially('24');
  await expect.poll(async () => (await playground.call('getModel')).layers[0].filters).toBe(24);
  // Left behind, it is one.
  await field.fill('none');
  await field.blur();
  await expect(playground.network.getByRole('alert').first()).toBeVisible();
  await expect(field).toHaveAttribute('aria-invalid', 'true');
});

test('an edit says which run it ends and which weights are new', async ({ playground, page }) => {
  await playground.open();
  const note = playground.network.getByRole('status');
  await playground.call('train', { steps: 3 });
  await playground.addLayer(7, 'Dropout');
  await expect.poll(async () => (await playground.layerTypes())[7]).toBe('Dropout');
  await expect(note).toBeEmpty();
  await playground.card('dense').click();
  await playground.page.getByRole('spinbutton', { name: 'Units' }).fill('32');
  await expect(note).toHaveText('These layers start with new weights: dense, dense_1. Undo brings network and weights back.');
  await playground.press('Train');
  await expect(note).toBeEmpty();
  await expect(playground.button('Pause')).toBeVisible();
  await playground.page.getByRole('spinbutton', { name: 'Units' }).fill('16');
  await expect(note).toHaveText('The edit of the network ended the run. These layers start with new weights: dense, dense_1. Undo brings network and weights back.');
  await page.locator('#tab-log').click();
  await expect(page.getByRole('log')).toContainText('The edit of the network ended the run.');
});

test('splitters make the network and the layer larger, by pointer and by keys, and are remembered', async ({ playground }) => {
  const { page } = playground;
  await page.setViewportSize({ width: 1366, height: 768 });
  await playground.open();
  await playground.card('conv2d').click();
  const size = async (name) => {
    const { width, height } = await page.getByRole('region', { name, exact: true }).boundingBox();
    return { width: Math.round(width), height: Math.round(height) };
  };
  const bar = (name) => page.getByRole('separator', { name });
  const drag = async (bar, x, y) => {
    const box = await bar.boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 2 + x, box.y + box.height / 2 + y, { steps: 5 });
    await page.mouse.up();
  };
  const [layer, network] = [await size('Layer'), await size('Network')];
  const picture = await playground.card('conv2d').locator('.thumbnail').boundingBox();
  await drag(bar('Width of the part with layer and training'), -60, 0);
  expect((await size('Layer')).width).toBe(layer.width + 60);
  await drag(bar('Size of the pictures in the network'), 0, 80);
  // More room for the pictures may bring a scroll bar with it.
  const larger = (await size('Network')).height;
  expect(larger - network.height).toBeGreaterThan(60);
  expect((await playground.card('conv2d').locator('.thumbnail').boundingBox()).height).toBeCloseTo(picture.height + 80, 0);
  await page.reload();
  await page.evaluate(() => window.chalkgrad.ready);
  await playground.card('conv2d').click();
  expect([(await size('Layer')).width, (await size('Network')).height]).toEqual([layer.width + 60, larger]);
  // Curves and bars stay in view.
  await expect(page.locator('.chart canvas').first()).toBeInViewport();
  await bar('Size of the pictures in the network').press('ArrowUp');
  expect((await size('Network')).height).toBe(larger - 16);
  await bar('Size of the pictures in the network').dblclick();
  await bar('Width of the part with layer and training').dblclick();
  expect([(await size('Layer')).width, (await size('Network')).height]).toEqual([layer.width, network.height]);
});
