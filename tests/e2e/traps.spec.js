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
