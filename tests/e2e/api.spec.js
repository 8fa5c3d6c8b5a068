// The public JavaScript API: see API in the README.
import fs from 'node:fs';
import { expect, REFERENCE, SMALL, test } from './playground.js';

test.beforeEach(({ playground }) => playground.open());

test('ready says what runs', async ({ playground }) => {
  const ready = await playground.page.evaluate(() => window.chalkgrad.ready);
  expect(ready).toMatchObject({ version: expect.any(String), backend: 'cpu', detail: expect.any(String), workers: expect.any(Number) });
  expect(ready.datasets).toContain('mnist');
  expect(ready.backends.find((backend) => backend.name === 'cpu').available).toBe(true);
});

test('the declarations beside the page name what window.chalkgrad has', async ({ playground }) => {
  const declarations = fs.readFileSync(new URL('../../dist/chalkgrad.d.ts', import.meta.url), 'utf8');
  const [, members] = declarations.match(/^export interface Chalkgrad \{\n(.*?)^\}/ms);
  const declared = [...members.matchAll(/^  (?:readonly )?(\w+)[:(<]/gm)].map(([, name]) => name);
  expect(declared).toContain('setModel');
  expect(declared.sort()).toEqual(await playground.page.evaluate(() => Object.keys(window.chalkgrad).sort()));
});

test('the default model is the reference program', async ({ playground }) => {
  const summary = await playground.call('setModel', { layers: REFERENCE });
  expect(summary.params).toBe(93_322);
  expect(summary.layers.map((layer) => layer.name)).toEqual(
    ['conv2d', 'max_pooling2d', 'conv2d_1', 'max_pooling2d_1', 'conv2d_2', 'flatten', 'dense', 'dense_1'],
  );
  expect(summary.layers.map((layer) => layer.outputShape)).toEqual(
    [[26, 26, 32], [13, 13, 32], [11, 11, 64], [5, 5, 64], [3, 3, 64], [576], [64], [10]],
  );
  expect(await playground.call('getTraining')).toMatchObject({
    dataset: 'mnist', epochs: 5, batchSize: 32, loss: 'sparse_categorical_crossentropy', seed: 0, shuffle: true,
    trainSamples: 60_000, validationSplit: 0,
    optimizer: { type: 'Adam', learningRate: 0.001, beta1: 0.9, beta2: 0.999 },
  });
});

test('the same seed gives the same losses, bit for bit', async ({ playground }) => {
  const first = await playground.call('train', { steps: 20 });
  await playground.call('reset');
  const second = await playground.call('train', { steps: 20 });
  expect(second.loss).toHaveLength(20);
  expect(second.loss).toEqual(first.loss);
});

test('training goes on from where it stands, epoch by epoch, with validation', async ({ playground }) => {
  await playground.call('setModel', { layers: SMALL });
  await playground.call('setTraining', { trainSamples: 1000, batchSize: 64, validationSplit: 0.2 });
  const history = await playground.call('train', { epochs: 2 });
  expect(history).toMatchObject({ state: 'done', steps: 26, epochs: 2 }); // 800 images: 12 full batches and one of 32.
  for (const key of ['epochLoss', 'epochAccuracy', 'valLoss', 'valAccuracy']) expect(history[key]).toHaveLength(2);
  const more = await playground.call('train', { epochs: 1 });
  expect(more.epochLoss[0]).toBeLessThan(history.epochLoss[0]);
});

test('answers calls while it trains; pause, resume and stop', async ({ playground }) => {
  const result = await playground.page.evaluate(async () => {
    const { chalkgrad } = window;
    const states = [];
    const unsubscribe = chalkgrad.on('state', ({ state }) => states.push(state));
    const run = chalkgrad.train({ epochs: 1 });
    await new Promise((resolve) => {
      const off = chalkgrad.on('batch', () => resolve(off()));
    });
    const { shape } = await chalkgrad.tensor('dense.kernel');
    const paused = await chalkgrad.pause();
    const resumed = await chalkgrad.resume();
    const stopped = await chalkgrad.stop();
    const history = await run;
    unsubscribe();
    return { shape, paused, resumed, stopped, history, states };
  });
  expect(result.shape).toEqual([576, 64]);
  expect(result.paused.state).toBe('paused');
  expect(result.resumed.state).toBe('training');
  expect(result.stopped.state).toBe('stopped');
  expect(result.history.state).toBe('stopped');
  expect(result.history.loss).toHaveLength(result.history.steps);
  expect(result.states).toEqual(expect.arrayContaining(['training', 'paused', 'stopped']));
});

test('reads and writes tensors, predicts and evaluates', async ({ playground }) => {
  const result = await playground.page.evaluate(async () => {
    const { chalkgrad } = window;
    await chalkgrad.train({ steps: 1 });
    const names = await chalkgrad.tensorNames();
    const gradient = await chalkgrad.tensor('grad conv2d.kernel');
    const bias = new Float32Array(10).map((_, index) => (index === 3 ? 50 : 0));
    await chalkgrad.setTensor('dense_1.bias', bias);
    const read = await chalkgrad.tensor('dense_1.bias');
    const probabilities = await chalkgrad.predict(new Uint8Array(2 * 784));
    const output = await chalkgrad.tensor('conv2d.output');
    const evaluation = await chalkgrad.evaluate({ samples: 500 });
    return {
      names,
      gradientShape: gradient.shape,
      isTyped: gradient.data instanceof Float32Array && probabilities instanceof Float32Array,
      bias: Array.from(read.data),
      probabilities: Array.from(probabilities),
      outputShape: output.shape,
      evaluation: { ...evaluation, confusion: evaluation.confusion.map((row) => Array.from(row)) },
    };
  });
  expect(result.names).toEqual(expect.arrayContaining(['conv2d.kernel', 'conv2d.bias', 'conv2d.output', 'grad conv2d.kernel']));
  expect(result.gradientShape).toEqual([3, 3, 1, 32]);
  expect(result.isTyped).toBe(true);
  expect(result.bias[3]).toBe(50);
  expect(result.probabilities).toHaveLength(20);
  expect(result.probabilities[3]).toBeGreaterThan(0.99);
  expect(result.outputShape).toEqual([2, 26, 26, 32]);
  expect(result.evaluation.samples).toBe(500);
  const all = result.evaluation.confusion.flat();
  expect(all.reduce((sum, count) => sum + count, 0)).toBe(500);
  // Everything is taken for a three now.
  expect(result.evaluation.confusion.reduce((sum, row) => sum + row[3], 0)).toBe(500);
});

test('what the page itself shows of a drawing leaves what a host can read as it was', async ({ playground }) => {
  await playground.call('train', { steps: 1 });
  await playground.draw([[0.5, 0.1], [0.5, 0.9]]);
  const bars = playground.page.locator('.bars');
  const before = await bars.innerText();
  await playground.draw([[0.3, 0.1], [0.7, 0.1], [0.4, 0.9]]);
  await expect(bars).not.toHaveText(before);
  expect((await playground.call('tensor', 'conv2d.output')).shape).toEqual([32, 26, 26, 32]);
});

const dense = { type: 'Dense', units: 10, activation: 'softmax' };
const badModels = {
  'an unknown layer': [{ layers: [{ type: 'Conv2d', filters: 8, kernelSize: 3 }, { type: 'Flatten' }, dense] }, /Conv2D/],
  'an unknown field': [{ layers: [{ type: 'Conv2D', filter: 8, kernelSize: 3 }, { type: 'Flatten' }, dense] }, /filters/],
  'a negative size': [{ layers: [{ type: 'Flatten' }, { type: 'Dense', units: -1 }] }, /units|-1/],
  'a huge size': [{ layers: [{ type: 'Flatten' }, { type: 'Dense', units: 4_000_000_000 }] }, /units|4\D?000\D?000\D?000/],
  'a kernel larger than its input': [{ layers: [{ type: 'Conv2D', filters: 8, kernelSize: 31 }, { type: 'Flatten' }, dense] }, /28|31/],
  'a missing Flatten': [{ layers: [{ type: 'Conv2D', filters: 8, kernelSize: 3 }, dense] }, /Flatten/],
  'no layers': [{ layers: [] }, /layer/],
  'no spec at all': [null, /layers|spec|model/],
};
for (const [what, [spec, hint]] of Object.entries(badModels)) {
  test(`setModel rejects ${what} and keeps the old model`, async ({ playground }) => {
    const before = await playground.call('getModel');
    const error = await playground.rejection('setModel', spec);
    expect(error.message).toMatch(hint);
    expect(await playground.call('getModel')).toEqual(before);
    expect(await playground.call('train', { steps: 1 })).toMatchObject({ state: 'done' });
  });
}

test('200 layers are a model like any other', async ({ playground }) => {
  const layers = [{ type: 'Flatten' }, ...Array.from({ length: 198 }, () => ({ type: 'Activation', activation: 'relu' })), dense];
  const summary = await playground.call('setModel', { layers });
  expect(summary.layers).toHaveLength(200);
  expect(await playground.call('train', { steps: 2 })).toMatchObject({ state: 'done' });
});

test('bad configurations are rejected and change nothing', async ({ playground }) => {
  const before = await playground.call('getTraining');
  for (const bad of [
    { batchSize: 0 }, { batchSize: 60_001 }, { batchSize: 1.5 }, { epochs: -1 }, { validationSplit: 1 }, { trainSamples: 0 },
    { optimizer: { type: 'Adam', learningRate: NaN } }, { optimizer: { type: 'Adam', learningRate: Infinity } },
    { optimizer: { type: 'adamm' } }, { dataset: 'cifar' }, { lernrate: 1 },
  ]) {
    await playground.rejection('setTraining', bad);
  }
  expect(await playground.call('getTraining')).toEqual(before);
});

test('errors name the path to the fault and the nearest known name', async ({ playground }) => {
  const adam = (fields) => ({ optimizer: { type: 'Adam', ...fields } });
  for (const [bad, code, message] of [
    [adam({ learningrate: 1 }), 'unknown-setting', /field optimizer\.learningrate.*Did you mean "learningRate"\?$/],
    [adam({ learningRate: 'fast' }), 'bad-setting', /optimizer\.learningRate cannot be "fast"/],
    [adam({ learningRate: NaN }), 'bad-setting', /optimizer\.learningRate cannot be "NaN"/],
    [{ optimizer: 'adam' }, 'bad-setting', /optimizer\.type cannot be "adam"\. Did you mean "Adam"\?/],
    [{ seed: 2 ** 32 }, 'bad-setting', /seed cannot be 4294967296\. .*from 0 to 4294967295/],
    [{ epochs: [] }, 'bad-setting', /setting epochs /],
    [{ shuffle: null }, 'bad-setting', /setting shuffle /],
    [{ trainSamples: 10, validationSplit: 0.9 }, 'bad-setting', /validationSplit is 0\.9.*below 0\.9/],
  ]) {
    const error = await playground.rejection('setTraining', bad);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  }
});

test('data that contains itself, is nested without end or is no data is refused', async ({ playground }) => {
  const codes = await playground.page.evaluate(async () => {
    const { chalkgrad } = window;
    const code = (promise) => promise.then(() => 'accepted', (error) => error.code);
    const circle = { layers: [] };
    circle.layers.push(circle);
    let deep = [];
    for (let depth = 0; depth < 100_000; depth++) deep = [deep];
    return Promise.all([
      code(chalkgrad.setModel(circle)),
      code(chalkgrad.setModel({ layers: deep })),
      code(chalkgrad.setTraining({ optimizer: deep })),
      code(chalkgrad.setTraining({ epochs: () => 3 })),
      code(chalkgrad.train({ steps: 10n })),
      code(chalkgrad.train([])),
    ]);
  });
  expect(codes).toEqual(['bad-argument', 'bad-argument', 'bad-argument', 'bad-setting', 'bad-argument', 'bad-argument']);
  expect(await playground.call('train', { steps: 1 })).toMatchObject({ state: 'done' });
});

test('on refuses events that do not exist, and methods work without their object', async ({ playground }) => {
  const outcome = await playground.page.evaluate(async () => {
    const { on, getTraining } = window.chalkgrad;
    const refusal = (...args) => {
      try {
        on(...args);
        return 'accepted';
      } catch ({ code, message }) {
        return `${code} ${message}`;
      }
    };
    return { event: refusal('epochs', () => {}), handler: refusal('epoch'), epochs: (await getTraining()).epochs };
  });
  expect(outcome.event).toBe('bad-argument There is no event epochs. Did you mean "epoch"? The events are state, batch, epoch, error, warning.');
  expect(outcome.handler).toMatch(/^bad-argument /);
  expect(outcome.epochs).toBe(5);
});

test('wrong lengths and names are rejected and change nothing', async ({ playground }) => {
  const outcome = await playground.page.evaluate(async () => {
    const { chalkgrad } = window;
    const before = Array.from((await chalkgrad.tensor('dense_1.bias')).data);
    const attempts = [
      () => chalkgrad.setTensor('dense_1.bias', new Float32Array(9)),
      () => chalkgrad.setTensor('dense_9.bias', new Float32Array(10)),
      () => chalkgrad.setTensor('dense_1.bias', 'ten'),
      () => chalkgrad.setTensor('conv2d.output', new Float32Array(10)),
      () => chalkgrad.tensor('conv2d.kernal'),
      () => chalkgrad.predict(new Uint8Array(783)),
      () => chalkgrad.predict(new Float32Array(0)),
      () => chalkgrad.predict([1, 2, 3]),
      () => chalkgrad.train({ steps: -1 }),
      () => chalkgrad.train({ stpes: 10 }),
      () => chalkgrad.evaluate({ split: 'exam' }),
      () => chalkgrad.setBackend('gpu'),
    ];
    const rejected = [];
    for (const attempt of attempts) {
      // Nothing may be thrown: the call itself has to return a promise.
      const promise = attempt();
      rejected.push(await promise.then(() => `${attempt} was accepted`, (error) => (error.code ? 'rejected' : `${attempt}: ${error}`)));
    }
    return { rejected, unchanged: Array.from((await chalkgrad.tensor('dense_1.bias')).data).every((value, i) => value === before[i]) };
  });
  expect(outcome.rejected.filter((text) => text !== 'rejected')).toEqual([]);
  expect(outcome.unchanged).toBe(true);
});

test('a loss that is no number stops training, names the layer and keeps the weights', async ({ playground }) => {
  await playground.call('setTraining', { optimizer: { type: 'SGD', learningRate: 1e30 } });
  const error = await playground.rejection('train', { steps: 50 });
  expect(error.code).toBe('not-a-number');
  expect(error.layer).toMatch(/^(conv2d|max_pooling2d|flatten|dense)/);
  const finite = await playground.page.evaluate(async () => (await window.chalkgrad.tensor('conv2d.kernel')).data.every(Number.isFinite));
  expect(finite).toBe(true);
  await playground.call('setTraining', { optimizer: { type: 'Adam' } });
  await playground.call('reset');
  expect(await playground.call('train', { steps: 2 })).toMatchObject({ state: 'done' });
});
