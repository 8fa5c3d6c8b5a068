// The input: drawing by pointer and by keyboard, test images by class, pictures from files, and what becomes of them.
import { artifact, axeViolations, expect, test } from './playground.js';

const image = (playground) => playground.shownImage();
const ink = async (playground) => (await image(playground)).reduce((sum, value) => sum + value, 0);
const verdict = (playground) => playground.page.getByText(/Looks like \d/);

/** Returns the centre of mass. */
const mass = (pixels) => {
  const total = pixels.reduce((sum, value) => sum + value, 0);
  const at = (place) => pixels.reduce((sum, value, index) => sum + value * (place(index) + 0.5), 0) / total;
  return [at((index) => index % 28), at((index) => Math.floor(index / 28))];
};

test('draws with the keyboard alone, reads out where, and erases', async ({ playground }) => {
  await playground.open();
  // The page's own example is there at first.
  await expect(verdict(playground)).toBeVisible();
  await playground.press('Clear');
  await expect(verdict(playground)).toBeHidden();
  await playground.pad.focus();
  const status = playground.pad.locator('..').getByRole('status');
  await playground.page.keyboard.press('ArrowUp');
  await expect(status).toHaveText('Column 8, row 7: empty');
  await playground.page.keyboard.press('Space');
  await expect(status).toHaveText('Column 8, row 7: ink');
  await expect(verdict(playground)).toBeVisible();
  for (let row = 0; row < 5; row += 1) await playground.page.keyboard.press('Shift+ArrowDown');
  await expect(status).toHaveText('Column 8, row 12: ink');
  const pixels = await image(playground);
  const [x, y] = mass(pixels);
  expect(Math.abs(x - 14) + Math.abs(y - 14)).toBeLessThan(0.5);
  await playground.page.keyboard.press('Space');
  await expect(status).toHaveText('Column 8, row 12: empty');
  for (let row = 0; row < 5; row += 1) {
    await playground.page.keyboard.press('ArrowUp');
    await playground.page.keyboard.press('Space');
  }
  await expect(verdict(playground)).toBeHidden();
  expect(await ink(playground)).toBe(0);
});

test('test images by class, one after the other, with their true labels', async ({ playground }) => {
  await playground.open();
  const digits = playground.page.getByRole('group', { name: 'Sample digits' });
  for (const label of [4, 9]) {
    const button = digits.getByRole('button', { name: `Sample digit, a ${label}` });
    await button.click();
    await expect(button).toHaveAttribute('aria-pressed', 'true');
    await expect(playground.page.getByText(`true class: ${label}`)).toBeVisible();
    await expect(digits.getByText(new RegExp(`^A ${label}: image 1 of [\\d,]+$`))).toBeVisible();
  }
  const first = await image(playground);
  await playground.press('Next image of this class');
  await expect(digits.getByText(/^A 9: image 2 of/)).toBeVisible();
  expect(await image(playground)).not.toEqual(first);
  await playground.press('Previous image of this class');
  await expect(digits.getByText(/^A 9: image 1 of/)).toBeVisible();
  expect(await image(playground)).toEqual(first);
  await playground.press('Previous image of this class');
  await expect(digits.getByText(/^A 9: image 1,009 of 1,009/)).toBeVisible();
  // The page shows what the API returns for the same pixels.
  const shown = (await image(playground)).slice();
  const probabilities = await playground.page.evaluate(async (pixels) => Array.from(await window.chalkgrad.predict(new Uint8Array(pixels))), shown);
  const best = probabilities.indexOf(Math.max(...probabilities));
  await expect(playground.page.getByText(`Looks like ${best}`)).toBeVisible();
});

/** A picture of a dark bar on bright paper, as a PNG. */
const picture = (playground, side, paper) =>
  playground.page.evaluate(
    async ([side, paper]) => {
      const canvas = new OffscreenCanvas(side, side);
      const context = canvas.getContext('2d');
      context.fillStyle = paper;
      context.fillRect(0, 0, side, side);
      context.fillStyle = '#223';
      if (paper === '#f8f4e8') context.fillRect(side * 0.7, side * 0.1, side * 0.06, side * 0.5);
      const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/png' })).arrayBuffer());
      return Array.from(bytes);
    },
    [side, paper],
  );

test('opens a picture, shows how it is prepared, and refuses what is none', async ({ playground }) => {
  await playground.open();
  const field = playground.page.getByLabel('Open a picture of a digit from a file').first();
  const open = (name, mimeType, bytes) => field.setInputFiles({ name, mimeType, buffer: Buffer.from(bytes) });
  await expect(verdict(playground)).toBeVisible();
  const first = await image(playground);
  await open('one.png', 'image/png', await picture(playground, 600, '#f8f4e8'));
  await expect.poll(() => image(playground)).not.toEqual(first);
  const prepared = await image(playground);
  const rows = [...Array(28).keys()].filter((row) => prepared.slice(row * 28, row * 28 + 28).some((value) => value > 100));
  expect([rows[0], rows.at(-1)]).toEqual([4, 23]);
  await playground.page.getByText('How the image is prepared').click();
  for (const step of ['original 280×280', 'grey, inverted 280×280', 'cropped to the ink', 'scaled into 20×20 2×20', 'centred by mass 28×28']) {
    await expect(playground.page.getByText(step)).toBeVisible();
  }
  const messages = playground.page.getByRole('region', { name: 'Messages' });
  const refusals = [
    ['notes.png', 'image/png', Buffer.from('This is no picture.'), /notes\.png.*not a picture/],
    ['empty.png', 'image/png', await picture(playground, 50, '#ffffff'), /empty\.png. shows nothing/],
    ['huge.png', 'image/png', Buffer.alloc(20_000_001), /has 20\.0 MB; the limit is 20\.0 MB/],
  ];
  for (const [name, type, bytes, message] of refusals) {
    await open(name, type, bytes);
    await expect(messages.getByText(message)).toBeVisible();
    expect(await image(playground), `${name} changes nothing`).toEqual(prepared);
  }
});

/** A photograph of a 1 as a PNG: on paper in a shadow from bright to dark, or in white ink on nothing. */
const photograph = (playground, kind) =>
  playground.page.evaluate(async (kind) => {
    const canvas = new OffscreenCanvas(600, 800);
    const context = canvas.getContext('2d');
    if (kind === 'shadow') {
      const shade = context.createLinearGradient(0, 0, 600, 800);
      shade.addColorStop(0, 'rgb(236, 232, 222)');
      shade.addColorStop(1, 'rgb(120, 116, 108)');
      context.fillStyle = shade;
      context.fillRect(0, 0, 600, 800);
    }
    context.strokeStyle = kind === 'shadow' ? 'rgb(35, 35, 60)' : 'white';
    context.lineWidth = 36;
    context.lineCap = 'round';
    context.beginPath();
    context.moveTo(330, 250);
    context.lineTo(300, 550);
    context.stroke();
    return Array.from(new Uint8Array(await (await canvas.convertToBlob({ type: 'image/png' })).arrayBuffer()));
  }, kind);

for (const kind of ['shadow', 'transparent']) {
  test(`a photograph is read: a one, ${kind}`, async ({ playground }) => {
    await playground.open();
    await expect(verdict(playground)).toBeVisible();
    const field = playground.page.getByLabel('Open a picture of a digit from a file').first();
    await field.setInputFiles({ name: 'photo.png', mimeType: 'image/png', buffer: Buffer.from(await photograph(playground, kind)) });
    await expect(playground.page.getByText('Looks like 1', { exact: true })).toBeVisible();
    // Twenty rows of ink, three or four columns wide, and nothing else.
    const prepared = await image(playground);
    expect(prepared.filter((value) => value > 100).length).toBeLessThan(110);
  });
}

test('a browser that hands out noise for pixels is told, and nothing is classified from it', async ({ playground }) => {
  await playground.page.addInitScript(() => {
    const read = CanvasRenderingContext2D.prototype.getImageData;
    CanvasRenderingContext2D.prototype.getImageData = function (...args) {
      const image = read.apply(this, args);
      if (!this.canvas.isConnected) for (let at = 0; at < image.data.length; at++) image.data[at] = Math.random() * 256;
      return image;
    };
  });
  await playground.open();
  await expect(verdict(playground)).toBeVisible();
  const before = await image(playground);
  const field = playground.page.getByLabel('Open a picture of a digit from a file').first();
  await field.setInputFiles({ name: 'photo.png', mimeType: 'image/png', buffer: Buffer.from(await photograph(playground, 'shadow')) });
  await expect(playground.page.getByRole('region', { name: 'Messages' }).getByText(/noise instead of a picture's pixels/)).toBeVisible();
  expect(await image(playground)).toEqual(before);
});

test('answers every stroke while it trains, at most 30 times a second', async ({ playground }) => {
  await playground.open();
  await playground.page.evaluate(() => {
    window.asked = [];
    const post = Worker.prototype.postMessage;
    Worker.prototype.postMessage = function (message, ...rest) {
      if (JSON.stringify(message, (_, value) => (ArrayBuffer.isView(value) ? 0 : value))?.includes('"output"')) window.asked.push(performance.now());
      return post.call(this, message, ...rest);
    };
  });
  await playground.press('Train');
  await expect(playground.page.getByText(/Epoch 1.*batch [1-9]/).first()).toBeVisible({ timeout: 30_000 });
  await playground.draw([[0.5, 0.15], [0.5, 0.5], [0.5, 0.85]]);
  await expect(verdict(playground)).toBeVisible();
  // It is asked again and again as the network learns.
  await playground.page.waitForFunction(() => window.asked.length > 40);
  await playground.press('Pause');
  const asked = await playground.page.evaluate(() => window.asked);
  const most = Math.max(...asked.map((start) => asked.filter((at) => at >= start && at < start + 1000).length));
  expect(most).toBeLessThanOrEqual(30);
});

for (const colorScheme of ['light', 'dark']) {
  for (const [width, height] of [[1280, 800], [390, 844]]) {
    test(`the input is for everybody, ${colorScheme}, ${width} pixels wide`, async ({ playground }) => {
      await playground.page.emulateMedia({ colorScheme });
      await playground.page.setViewportSize({ width, height });
      await playground.open();
      await playground.draw([[0.3, 0.2], [0.7, 0.2], [0.45, 0.8]]);
      await playground.page.getByText('How the image is prepared').click();
      await expect(playground.page.getByText('centred by mass')).toBeVisible();
      const overflow = () => playground.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      expect(await overflow()).toBeLessThanOrEqual(0);
      expect(await axeViolations(playground.page)).toEqual([]);
      await artifact(playground.page, `input-${width}-${colorScheme}`);
      await playground.page.getByRole('button', { name: '中文' }).click();
      await expect(playground.page.getByText('图像的预处理步骤')).toBeVisible();
      await expect(playground.page.getByText('按质心居中')).toBeVisible();
      expect(await overflow()).toBeLessThanOrEqual(0);
      await artifact(playground.page, `input-${width}-${colorScheme}-zh`);
    });
  }
}

test('scores that name no class are no answer, on the pad and in the test', async ({ playground }) => {
  const { page } = playground;
  await playground.open();
  await playground.call('setModel', { layers: [{ type: 'Flatten' }, { type: 'Dense', units: 10, activation: 'softmax' }] });
  const write = (bias) =>
    page.evaluate(async (bias) => {
      await window.chalkgrad.setTensor('dense.kernel', new Float32Array(7840));
      await window.chalkgrad.setTensor('dense.bias', new Float32Array(bias));
    }, bias);
  const none = page.getByText(/^No answer: no class stands out/);
  const equal = Array(10).fill(0);
  for (const bias of [equal, equal.with(4, NaN), equal.with(0, NaN)]) {
    await write(equal.with(2, 1).with(7, 1));
    // The first of equals.
    await expect(page.getByText('Looks like 2', { exact: true })).toBeVisible();
    await write(bias);
    await expect(none).toBeVisible();
    await expect(verdict(playground)).toBeHidden();
  }
  await playground.press('Evaluate');
  const test = page.locator('#dock-panel');
  await expect(test.getByText(/^10,000 images got no answer/)).toBeVisible({ timeout: 60_000 });
  const { confusion, accuracy } = await playground.call('evaluate');
  expect([accuracy, confusion.flatMap((row) => Array.from(row)).reduce((sum, count) => sum + count, 0)]).toEqual([0, 0]);
  await write(equal.with(2, 1).with(7, 1));
  const evaluation = await playground.call('evaluate');
  expect(evaluation.confusion.map((row) => Array.from(row)[7])).toEqual(equal);
  expect(evaluation.accuracy).toBeCloseTo(evaluation.confusion[2][2] / 10_000, 6);
});

test('a test image stands on the pad, takes strokes where they are drawn, and a link brings both back', async ({ playground, context }) => {
  const { page } = playground;
  await playground.open();
  await page.getByRole('group', { name: 'Sample digits' }).getByRole('button', { name: 'Sample digit, a 1' }).click();
  await expect(page.getByText('Looks like 1', { exact: true })).toBeVisible();
  await expect(page.getByText('true class: 1')).toBeVisible();
  const before = await image(playground);
  // The pad shows what the network sees.
  const inkAt = (x, y) => playground.pad.evaluate((canvas, [x, y]) => canvas.getContext('2d').getImageData(x * canvas.width, y * canvas.height, 1, 1).data[3], [x, y]);
  const darkest = before.indexOf(Math.max(...before));
  await expect.poll(() => inkAt(((darkest % 28) + 0.5) / 28, (Math.floor(darkest / 28) + 0.5) / 28)).toBeGreaterThan(200);
  // A bar at the left of the image.
  await playground.draw([[0.2, 0.3], [0.2, 0.7]]);
  await expect.poll(async () => (await image(playground))[14 * 28 + 5]).toBeGreaterThan(200);
  const edited = await image(playground);
  for (const [at, value] of before.entries()) expect(edited[at]).toBeGreaterThanOrEqual(value);
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await playground.press('Copy a link to this network');
  await expect(page.locator('.confirmation')).not.toBeEmpty();
  const address = page.url();
  await page.goto('about:blank');
  await page.goto(address);
  await page.evaluate(() => window.chalkgrad.ready);
  // A link keeps the points of a stroke to a 255th of the pad.
  const apart = async () => (await image(playground)).filter((value, at) => Math.abs(value - edited[at]) > 30).length;
  await expect.poll(apart).toBe(0);
  await expect(page.getByText('true class: 1')).toBeVisible();
  await playground.press('Clear');
  await expect.poll(() => image(playground)).toEqual(Array(784).fill(0));
});
