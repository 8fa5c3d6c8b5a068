// Texts: training on reviews, an own sentence with the shares of its words, the map of the words, states over time, bad input.
import { artifact, axeViolations, expect, test } from './playground.js';

const MEAN = [
  { type: 'Embedding', inputDim: 5000, outputDim: 32, maskZero: true },
  { type: 'GlobalAveragePooling1D' },
  { type: 'Dense', units: 2, activation: 'softmax' },
];

const GRU = [MEAN[0], { type: 'GRU', units: 16 }, MEAN[2]];

/** Chooses the English reviews and a model for them. */
const openReviews = async (playground, layers) => {
  await playground.open();
  const config = await playground.call('setTraining', { dataset: 'reviews-en' });
  expect(config.text).toEqual({ maxTokens: 5000, sequenceLength: 40, split: 'whitespace' });
  expect(await playground.call('setModel', { inputShape: [40], layers })).toMatchObject({ layers: [{ type: 'Embedding', outputShape: [40, 32] }, {}, {}] });
};

const field = (page) => page.getByRole('textbox', { name: 'Text', exact: true });
const words = (page) => page.getByRole('list', { name: 'Words, coloured by their share in the answer' }).getByRole('listitem');

test.describe('texts', () => {
  test('reviews are learned, and an own sentence is classified while it is typed', async ({ playground }) => {
    const { page } = playground;
    await openReviews(playground, MEAN);
    const [described] = (await playground.call('datasets')).filter(({ name }) => name === 'reviews-en');
    expect(described).toMatchObject({ kind: 'text', input: { shape: [40], dtype: 'tokens' }, target: { classes: ['negative', 'positive'] }, train: 8454, test: 2114 });
    expect(await playground.call('train', { epochs: 4 })).toMatchObject({ state: 'done', epochs: 4 });
    const result = await playground.call('evaluate');
    expect(result.accuracy, 'Keras has 0.73 to 0.76 after four epochs').toBeGreaterThan(0.7);
    expect(result.perClass.map(({ name }) => name)).toEqual(['negative', 'positive']);

    // A text of the test part comes first, with its class.
    await expect(page.locator('.own-text').getByText(/true class: (negative|positive)/)).toBeVisible();
    await field(page).fill('A wonderful, moving film about zyzzyvas.');
    await expect(page.getByText('Your own text')).toBeVisible();
    await expect(words(page)).toHaveCount(6);
    await expect(page.locator('.verdict')).toContainText('positive');
    const said = await words(page).allTextContents();
    expect(said[1]).toMatch(/^wonderful \(share 0?\.?\d/);
    expect(said[5]).toContain('unknown word');
    expect(said[5]).toContain('?');
    await expect(page.getByText('is not in the vocabulary: all such words look the same to the network.')).toBeVisible();
    const colours = await words(page).evaluateAll((all) => all.map((word) => getComputedStyle(word).backgroundColor));
    expect(new Set(colours).size).toBeGreaterThan(2);
    await artifact(page, 'text-en');
    expect(await axeViolations(page, '.digit')).toEqual([]);

    await playground.watchLongTasks();
    await field(page).pressSequentially(' Dull and far too long');
    await expect(words(page)).toHaveCount(11);
    const tasks = await page.evaluate(() => window.longTasks);
    // A machine at work makes any task longer.
    expect(Math.max(0, ...tasks), 'typing keeps no one waiting').toBeLessThan(200);
    await field(page).fill('Dull and far too long, a stupid mess.');
    await expect(page.locator('.verdict')).toContainText('negative');
    // The shares add up to the answer's logit, but for the bias.
    const sums = await page.evaluate(async () => {
      const text = 'dull and far too long a stupid mess';
      const outputs = await window.chalkgrad.predict([text, '', text.toUpperCase()]);
      return { length: outputs.length, same: outputs[0] === outputs[4], finite: outputs.every(Number.isFinite), negative: outputs[0] };
    });
    expect(sums).toMatchObject({ length: 6, same: true, finite: true });
    expect(sums.negative).toBeGreaterThan(0.5);

    await page.getByRole('button', { name: 'Draw one', exact: true }).click();
    await expect(page.getByText(/Example [\d,]+ of 2,114/)).toBeVisible();
    await expect(page.locator('.own-text').getByText(/true class: (negative|positive)/)).toBeVisible();
    await page.getByRole('button', { name: 'Next example', exact: true }).click();
    await expect(words(page).first()).toBeVisible();
  });

  test('a saved experiment keeps its vocabulary', async ({ playground }) => {
    await openReviews(playground, MEAN);
    await playground.call('setTraining', { trainSamples: 2000 });
    await playground.call('train', { steps: 60 });
    const kept = await playground.page.evaluate(async () => {
      const { chalkgrad } = window;
      const example = await chalkgrad.example('test', 3);
      const ids = (text) => chalkgrad.predict([text]);
      const before = Array.from(await ids(example.text));
      const file = await chalkgrad.save();
      await chalkgrad.setTraining({ dataset: 'mnist' });
      await chalkgrad.open(file);
      const after = Array.from(await ids(example.text));
      const again = await chalkgrad.example('test', 3);
      return { before, after, same: example.input.data.join() === again.input.data.join(), kind: again.input.data.constructor.name };
    });
    expect(kept.after).toEqual(kept.before);
    expect(kept).toMatchObject({ same: true, kind: 'Int32Array' });
    expect(await playground.call('train', { steps: 1 })).toMatchObject({ state: 'done' });
  });

  test('the map shows the words and finds the neighbours of one', async ({ playground }) => {
    const { page } = playground;
    await openReviews(playground, MEAN);
    await playground.call('train', { epochs: 3 });
    await page.getByRole('tab', { name: 'Words', exact: true }).click();
    await expect(page.getByRole('img', { name: 'Map of the words' })).toBeVisible();
    await page.getByLabel('Look for a word').fill('bad');
    await page.getByRole('button', { name: 'Find', exact: true }).click();
    await expect(page.getByText('Nearest to “bad” by the cosine of their embeddings:')).toBeVisible();
    const rows = page.getByRole('table', { name: 'Nearest words' }).getByRole('row');
    await expect(rows).toHaveCount(11);
    await artifact(page, 'word-map');
    await page.locator('summary', { hasText: 'The map in numbers' }).click();
    const numbers = page.getByRole('table', { name: 'The map in numbers' });
    await expect(numbers.getByRole('row')).toHaveCount(301);
    await page.getByLabel('Look for a word').fill('zyzzyva');
    await page.keyboard.press('Enter');
    await expect(page.getByText('"zyzzyva" is not in the vocabulary.')).toBeVisible();
    expect(await axeViolations(page, '.dock')).toEqual([]);
    const download = page.waitForEvent('download');
    await page.locator('.word-map-figure').getByRole('button', { name: 'SVG' }).click();
    expect((await download).suggestedFilename()).toBe('words.svg');
  });

  test('the states of a GRU are a picture over the words that it reads', async ({ playground }) => {
    const { page } = playground;
    await openReviews(playground, GRU);
    await field(page).fill('not a bad film');
    await expect(words(page)).toHaveCount(4);
    await playground.card('gru').click();
    await page.getByRole('button', { name: 'Activations', exact: true }).click();
    await expect(page.getByRole('img', { name: 'State over time' })).toBeVisible();
    await page.locator('summary', { hasText: 'Size of the state at each step' }).click();
    const steps = page.getByRole('table', { name: 'Size of the state at each step' }).getByRole('row');
    await expect(steps).toHaveCount(5);
    await expect(steps.nth(3)).toContainText('bad');
    await artifact(page, 'states');
  });

  test('other texts need another model, which a click makes', async ({ playground }) => {
    const { page } = playground;
    await playground.open();
    await page.getByLabel('Data set', { exact: true }).selectOption('reviews-zh');
    await expect.poll(async () => (await playground.call('getTraining')).text, { timeout: 60_000 }).toEqual({ maxTokens: 3000, sequenceLength: 64, split: 'character' });
    // The network for images does not fit; the first fix is a network for texts.
    await expect.poll(async () => (await playground.rejection('train', { steps: 1 })).code).toBe('wrong-input');
    await page.getByRole('button', { name: 'Use a network on the mean of word embeddings' }).click();
    await expect.poll(() => playground.layerTypes()).toEqual(['Embedding', 'GlobalAveragePooling1D', 'Dense']);
    expect(await playground.call('train', { steps: 20 })).toMatchObject({ state: 'done' });
    await field(page).fill('房间很好，服务也不错');
    await expect(words(page)).toHaveCount(10);
    await artifact(page, 'text-zh');

    await playground.showAllSettings();
    await page.getByLabel('Words of a text').fill('32');
    await expect.poll(async () => (await playground.rejection('train', { steps: 1 })).code).toBe('wrong-input');
    expect((await playground.call('getTraining')).text.sequenceLength).toBe(32);
  });

  test('bad input is refused in words, and nothing is lost', async ({ playground }) => {
    await openReviews(playground, MEAN);
    const codes = await playground.page.evaluate(async () => {
      const { chalkgrad } = window;
      const code = (promise) => promise.then(() => 'none', (error) => error.code);
      const ids = new Int32Array(40);
      return {
        large: await code(chalkgrad.predict(ids.fill(5000))),
        negative: await code(chalkgrad.predict(ids.fill(-1))),
        length: await code(chalkgrad.predict(new Int32Array(39))),
        floats: await code(chalkgrad.predict(new Float32Array(40))),
        mixed: await code(chalkgrad.predict(['fine', 7])),
        long: await code(chalkgrad.setTraining({ text: { sequenceLength: 20_000 } })),
        unknown: await code(chalkgrad.setTraining({ text: { words: 3 } })),
        images: await code(chalkgrad.setModel({ layers: [{ type: 'Flatten' }, { type: 'Dense', units: 2 }] })),
        few: await code(chalkgrad.setModel({ inputShape: [40], layers: [{ type: 'Embedding', inputDim: 10, outputDim: 2 }, { type: 'Flatten' }, { type: 'Dense', units: 2 }] })),
        none: await code(chalkgrad.predict(ids.fill(7))),
      };
    });
    expect(codes).toEqual({
      large: 'unknown-token',
      negative: 'unknown-token',
      length: 'wrong-length',
      floats: 'wrong-type',
      mixed: 'bad-argument',
      long: 'bad-setting',
      unknown: 'unknown-setting',
      images: 'tokens',
      few: 'vocabulary',
      none: 'none',
    });
    await playground.call('setTraining', { dataset: 'mnist' });
    expect((await playground.call('getTraining')).text).toBeUndefined();
    expect((await playground.rejection('setTraining', { text: { maxTokens: 100 } })).code).toBe('bad-setting');
    expect((await playground.rejection('predict', ['a text'])).code).toBe('no-texts');
  });
});
