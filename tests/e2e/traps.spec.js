// The most natural gestures of a class: none of them may end in an error or lose work silently.
import { expect, SMALL, test } from './playground.js';

test.beforeEach(({ playground }) => playground.open());

const confirmation = (page) => page.locator('.confirmation');
const messages = (page) => page.getByRole('region', { name: 'Messages' });

test('Step and Epoch work while training is paused, and pause again', async ({ playground }) => {
  const { page } = playground;
  await playground.call('setModel', { layers: SMALL });
  await playground.call('setTraining', { trainSamples: 2000, epochs: 3 });
  // With all of the images here, no run waits for them.
  await playground.call('train', { epochs: 1 });
  await playground.call('reset');
  const { state } = await page.evaluate(() => {
    window.run = window.chalkgrad.train({ steps: 150 });
    window.states = [];
    window.chalkgrad.on('state', ({ state }) => window.states.push(state));
    return window.chalkgrad.pause();
  });
  expect(state).toBe('paused');
  await page.evaluate(() => { window.states = []; });
  await playground.press('Step');
  await expect.poll(() => page.evaluate(() => window.states)).toEqual(['training', 'paused']);
  await expect(playground.button('Train')).toBeVisible();
  await playground.press('Epoch');
  await expect.poll(() => page.evaluate(() => window.states)).toEqual(['training', 'paused', 'training', 'paused']);
  await expect(page.getByText(/^Epoch 2, batch|batch 63 of 63/)).toBeVisible();
  await expect(messages(page).locator('.notice-error')).toHaveCount(0);
  // A script's steps within a pause are answered with their own history; the paused run goes on afterwards.
  const inner = await playground.call('train', { steps: 2 });
  expect(inner).toMatchObject({ state: 'done', steps: 2 });
  await playground.call('resume');
  const outer = await page.evaluate(() => window.run);
  expect(outer).toMatchObject({ state: 'done', steps: 150 });
  expect(outer.loss).toHaveLength(150);
});

for (const [width, height] of [[1280, 800], [320, 640]]) {
  test(`training a network that is not the one shown is said on the button, ${width} pixels wide`, async ({ playground }) => {
    const { page } = playground;
    await page.setViewportSize({ width, height });
    await playground.show('network');
    await playground.call('setModel', { layers: SMALL });
    await playground.card('dense').click();
    await playground.card('dense').press('Delete');
    await expect(playground.button('Train')).toHaveCount(0);
    await expect(playground.button('Step')).toHaveAttribute('title', /last valid one is trained/);
    await page.evaluate(() => {
      window.steps = 0;
      window.chalkgrad.on('batch', ({ step }) => { window.steps = step; });
    });
    await playground.press('Train (last valid network)');
    await expect.poll(() => page.evaluate(() => window.steps)).toBeGreaterThan(0);
    expect(await playground.layerTypes()).toEqual(['Flatten', 'Dense']);
    await playground.press('Pause');
    await page.getByRole('button', { name: '中文' }).click();
    await expect(page.getByRole('button', { name: '训练 （上一个有效网络）' })).toBeVisible();
    // With the fault, the warning goes.
    await page.getByRole('button', { name: '撤销', exact: true }).click();
    await expect(page.getByRole('button', { name: '训练', exact: true })).toBeVisible();
  });
}

test('after one step the progress bar is not full', async ({ playground }) => {
  await playground.press('Step');
  await expect(playground.page.getByText('Epoch 1, batch 1 of 1,875')).toBeVisible();
  await expect(playground.page.getByRole('progressbar', { name: 'Progress of the run' })).toHaveAttribute('aria-valuenow', '0');
});

test('an edit says what it ends, and Undo brings network, weights and curve back', async ({ playground }) => {
  const { page } = playground;
  await playground.call('setModel', { layers: SMALL });
  await playground.call('train', { steps: 40 });
  const evaluate = () => playground.call('evaluate', { samples: 1000 });
  const trained = await evaluate();
  await playground.card('dense').click();
  await playground.addLayer(1, 'Dense');
  await expect(page.getByText(/Undo brings network and weights back\.$/)).toBeVisible();
  await playground.press('Undo');
  await expect(confirmation(page)).toHaveText('The trained weights of this network are back.');
  expect(await evaluate()).toEqual(trained);
  await expect(page.getByText('Epoch 1, batch 40 of 1,875')).toBeVisible();
});

test('a loss that is no number offers to begin again with a smaller learning rate', async ({ playground }) => {
  const { page } = playground;
  await playground.call('setModel', { layers: SMALL });
  await playground.call('setTraining', { optimizer: { type: 'SGD', learningRate: 0.1 } });
  await page.evaluate(() => window.chalkgrad.setTensor('dense.bias', new Float32Array(10).fill(NaN)));
  await playground.rejection('train', { steps: 1 });
  await messages(page).getByRole('button', { name: 'Reset with learning rate 0.01', exact: true }).click();
  await expect.poll(async () => (await playground.call('getTraining')).optimizer.learningRate).toBe(0.01);
  await expect(messages(page).locator('.notice-error')).toHaveCount(0);
  expect(await playground.call('train', { steps: 3 })).toMatchObject({ state: 'done' });
});

test('a link pasted into the open tab is taken, and Back brings the work back', async ({ playground }) => {
  const { page } = playground;
  await playground.call('setModel', { layers: SMALL });
  await playground.call('train', { steps: 7 });
  const kernel = () => page.evaluate(async () => Array.from((await window.chalkgrad.tensor('dense.bias')).data));
  const before = await kernel();
  const layers = [{ type: 'Flatten' }, { type: 'Dense', units: 16 }, { type: 'Dense', units: 10, activation: 'softmax' }];
  await page.evaluate((link) => { window.location.hash = link; }, `#c=${encodeURIComponent(JSON.stringify({ model: { layers }, training: { seed: 5 } }))}`);
  await expect.poll(() => playground.layerTypes()).toHaveLength(3);
  await expect.poll(async () => (await playground.call('getTraining')).seed).toBe(5);
  await expect(messages(page).getByText(/had been trained for 7 steps/)).toBeVisible();
  await page.goBack();
  await expect.poll(() => playground.layerTypes()).toHaveLength(2);
  await expect.poll(kernel).toEqual(before);
});

test('copying, saving and opening are confirmed for everybody', async ({ playground, context }) => {
  const { page } = playground;
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await playground.press('Copy a link to this network');
  await expect(confirmation(page)).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(page.url());
  await playground.call('setModel', { layers: SMALL });
  await playground.call('train', { steps: 2 });
  const [download] = await Promise.all([page.waitForEvent('download'), playground.press('Save to a file')]);
  await expect(confirmation(page)).toContainText('2');
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), playground.press('Open a file')]);
  await chooser.setFiles(await download.path());
});

test('a refused clipboard shows the link to copy', async ({ playground }) => {
  const { page } = playground;
  await page.evaluate(() => {
    navigator.clipboard.writeText = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
  });
  await playground.press('Copy a link to this network');
  await expect(messages(page).getByText(/^The browser lets this page copy nothing\. Copy the link from here: http/)).toBeVisible();
});

test('a double click on Train, Step and Epoch is no fault', async ({ playground }) => {
  const { page } = playground;
  await playground.button('Step').dblclick();
  // The second click may come while the first step is being taken.
  await expect(page.getByText(/batch [12] of 1,875/)).toBeVisible();
  await playground.button('Train').dblclick();
  await playground.call('stop');
  await playground.button('Epoch').dblclick();
  await playground.call('stop');
  await expect(playground.alerts).toHaveCount(0);
});

test('Escape ends the drag of a layer with everything in its place', async ({ playground }) => {
  const { page } = playground;
  await playground.press('Step');
  await expect(page.getByText(/batch 1 of/)).toBeVisible();
  const initial = await playground.layerTypes();
  const box = await playground.card('conv2d_1').boundingBox();
  const gap = await page.locator('.cards .gap').nth(1).boundingBox();
  await page.mouse.move(box.x + 30, box.y + 20);
  await page.mouse.down();
  await page.mouse.move(gap.x + gap.width / 2, gap.y + gap.height / 2, { steps: 8 });
  await expect(page.locator('.gap.drop')).toHaveCount(1);
  await page.keyboard.press('Escape');
  await expect(page.locator('.gap.drop')).toHaveCount(0);
  await page.mouse.move(gap.x + 40, gap.y + 30, { steps: 4 });
  await page.mouse.up();
  expect(await playground.layerTypes()).toEqual(initial);
  await expect(page.getByText(/batch 1 of/)).toBeVisible();
});

test('nothing that is dropped leaves the page: a picture is opened, the rest is refused in words', async ({ playground }) => {
  const { page } = playground;
  await expect(page.getByText(/^Looks like/)).toBeVisible();
  /** Drops a file, or text where there is none, and returns whether the browser would have opened it. */
  const drop = (name, type) =>
    page.evaluate(
      async ([name, type]) => {
        const dataTransfer = new DataTransfer();
        if (name) {
          const canvas = new OffscreenCanvas(60, 60);
          const context = canvas.getContext('2d');
          context.fillStyle = 'white';
          context.fillRect(0, 0, 60, 60);
          context.fillStyle = 'black';
          context.fillRect(27, 8, 6, 44);
          const bytes = type === 'image/png' ? await canvas.convertToBlob() : 'some text';
          dataTransfer.items.add(new File([bytes], name, { type }));
        } else {
          dataTransfer.setData('text/plain', 'some text');
        }
        return ['dragover', 'drop'].map((type) => document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true })));
      },
      [name, type],
    );
  expect(await drop('one.png', 'image/png')).toEqual([false, false]);
  await page.getByText('How the image is prepared').click();
  await expect(page.getByText('original 60×60')).toBeVisible();
  expect(await drop('essay.txt', 'text/plain')).toEqual([false, false]);
  await expect(page.getByText('“essay.txt” cannot be opened here.', { exact: false })).toBeVisible();
  expect(await drop()).toEqual([false, false]);
  await expect(page.getByText('Text cannot be opened here.', { exact: false })).toBeVisible();
});

test('each finger draws its own line, and a pointer without a button draws none', async ({ playground }) => {
  const { page } = playground;
  await playground.press('Clear');
  const shown = () => playground.pad.evaluate((canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    // Ink at the middle of the pad, on the left and on the right of it.
    return [0.5, 0.2, 0.8].map((x) => data[4 * (Math.round(canvas.height / 2) * canvas.width + Math.round(x * canvas.width)) + 3] > 0);
  });
  await playground.pad.evaluate((canvas) => {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    const send = (type, pointerId, x, y, buttons) =>
      canvas.dispatchEvent(new PointerEvent(type, { pointerId, pointerType: 'touch', button: type === 'pointermove' ? -1 : 0, buttons, clientX: left + x * width, clientY: top + y * height, bubbles: true, cancelable: true }));
    send('pointerdown', 11, 0.2, 0.2, 1);
    send('pointerdown', 12, 0.8, 0.2, 1);
    for (let y = 0.3; y < 0.8; y += 0.1) {
      send('pointermove', 11, 0.2, y, 1);
      send('pointermove', 12, 0.8, y, 1);
    }
    // The finger has left the screen unseen.
    send('pointermove', 11, 0.5, 0.5, 0);
    send('pointermove', 11, 0.5, 0.6, 1);
    send('pointerup', 12, 0.8, 0.8, 0);
  });
  await expect.poll(shown).toEqual([false, true, true]);
});

test('numbers are taken as people type them', async ({ playground }) => {
  const { page } = playground;
  const rate = page.getByRole('spinbutton', { name: 'Learning rate' });
  for (const [typed, meant] of [['0,002', 0.002], ['０．０１', 0.01]]) {
    await rate.fill(typed);
    await rate.press('Enter');
    await expect.poll(async () => (await playground.call('getTraining')).optimizer.learningRate).toBe(meant);
  }
});

test('a step right after an edit trains the network that is shown', async ({ playground }) => {
  const { page } = playground;
  await page.evaluate(() => {
    const presets = document.querySelector('.network select');
    presets.value = 'preset_softmax';
    presets.dispatchEvent(new Event('change', { bubbles: true }));
    [...document.querySelectorAll('button')].find((button) => button.textContent.trim() === 'Step').click();
  });
  await expect(page.getByText('Epoch 1, batch 1 of 1,875')).toBeVisible();
  expect(await playground.layerTypes()).toEqual(['Flatten', 'Dense']);
  // No edit is left that would reset the step.
  await playground.press('Step');
  await expect(page.getByText('Epoch 1, batch 2 of 1,875')).toBeVisible();
});

test("numbers, sentences and the language follow under the browser's own translation", async ({ playground }) => {
  const { page } = playground;
  await expect(page.getByText(/^Looks like/)).toBeVisible();
  // As the translators of Chrome and Edge do it.
  await page.evaluate(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const texts = [];
    while (walker.nextNode()) if (walker.currentNode.data.trim() !== '') texts.push(walker.currentNode);
    for (const text of texts) {
      const font = document.createElement('font');
      font.append(Object.assign(document.createElement('font'), { textContent: `«${text.data}»` }));
      text.replaceWith(font);
    }
  });
  await expect(page.getByText(/^«Looks like/)).toBeVisible();
  const digits = page.getByRole('group', { name: 'Sample digits' });
  await digits.getByRole('button', { name: 'Sample digit, a 7' }).click();
  await expect(page.getByText('Looks like 7', { exact: true })).toBeVisible();
  await digits.getByRole('button', { name: 'Sample digit, a 4' }).click();
  await expect(page.getByText('Looks like 4', { exact: true })).toBeVisible();
  await playground.press('«Step»');
  await expect(page.getByText('Epoch 1, batch 1 of 1,875')).toBeVisible();
  await expect(page.getByText('«Ready to train»')).toHaveCount(0);
  await page.getByRole('button', { name: '中文' }).click();
  await expect(page.getByRole('heading', { name: '网络', exact: true })).toBeVisible();
  await expect(page.getByRole('tab', { name: '训练设置', exact: true })).toBeVisible();
  // The rest is the same in every language: names of types, shapes, numbers.
  const sentences = () => page.evaluate(() => {
    const fonts = [...document.querySelectorAll('font > font')].filter((font) => !font.closest('noscript'));
    return fonts.map((font) => font.textContent).filter((text) => /[a-z]{2,} [a-z]{2,}/.test(text));
  });
  await expect.poll(sentences).toEqual([]);
});

test('a file saved from within a frame is not said to be saved', async ({ playground, server }) => {
  const { page } = playground;
  await page.route('**/frame.html', (route) => route.fulfill({ contentType: 'text/html', body: `<iframe src="./" sandbox="allow-scripts allow-same-origin" width="1200" height="700"></iframe>` }));
  await page.goto(`${server.url}frame.html`);
  const frame = page.frameLocator('iframe');
  await expect(frame.getByText(/^Looks like/)).toBeVisible();
  await frame.getByRole('button', { name: 'Save to a file' }).click();
  await expect(frame.getByRole('region', { name: 'Messages' }).getByText(/If no download has begun/)).toBeVisible();
  await expect(frame.locator('.confirmation')).toBeEmpty();
});

for (const [how, style, element, factor] of [
  ['zoomed', 'zoom: 1.5', 'body', 1.5],
  ['scaled as a slide is', 'transform: scale(0.6); transform-origin: 0 0', 'body', 0.6],
]) {
  test(`a page that is ${how} reads the value under the pointer, draws under it, and is sharp`, async ({ playground }) => {
    const { page } = playground;
    await page.locator(element).evaluate((element, style) => { element.style.cssText += style; }, style);
    await playground.card('conv2d').click();
    await page.getByRole('region', { name: 'Layer' }).getByRole('button', { name: 'Weights' }).click();
    const image = page.getByRole('img', { name: 'conv2d.kernel', exact: true });
    await expect(image).toHaveJSProperty('width', 23);
    const [columns, rows] = await image.evaluate((canvas) => [canvas.width, canvas.height]);
    await image.scrollIntoViewIfNeeded();
    const box = await image.boundingBox();
    // The tile of the third filter, its last row and first column.
    await page.mouse.move(box.x + ((8 + 0.5) / columns) * box.width, box.y + ((2 + 0.5) / rows) * box.height);
    await expect(page.getByText(/filter 2, input channel 0, row 2, column 0: /)).toBeVisible();
    // Under the pen.
    await playground.press('Clear');
    await playground.draw([[0.75, 0.2], [0.75, 0.8]]);
    const ink = await playground.pad.evaluate((canvas) => {
      const { data, width, height } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      const at = (x, y) => data[(Math.round(y * height) * width + Math.round(x * width)) * 4 + 3];
      return [at(0.75, 0.5), at(0.6, 0.5), at(0.9, 0.5)];
    });
    expect(ink[0]).toBeGreaterThan(0);
    await playground.press('Step');
    const chart = page.locator('.chart canvas').first();
    await expect.poll(() => chart.evaluate((canvas) => canvas.width / canvas.offsetWidth / devicePixelRatio)).toBeCloseTo(factor, 1);
  });
}
