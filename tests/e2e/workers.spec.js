// Data-parallel training: several workers compute slices of each batch.
import { expect, REFERENCE, SMALL, test } from './playground.js';

test.beforeEach(({ playground }) => playground.open());

const train = async (playground, workers, steps) => {
  const backend = await playground.call('setBackend', 'cpu', { workers });
  expect(backend).toMatchObject({ backend: 'cpu', workers });
  expect(backend.detail).toContain(`Workers: ${workers},`);
  await playground.call('reset');
  const history = await playground.call('train', { steps });
  expect(history).toMatchObject({ state: 'done', steps });
  return history.loss;
};

test('two workers give the losses of one, and the same ones again bit for bit', async ({ playground }) => {
  const compare = (shared, alone, steps) =>
    shared.slice(0, steps).forEach((loss, step) => expect(Math.abs(loss - alone[step]) / alone[step], `step ${step}`).toBeLessThan(1e-4));
  await playground.call('setTraining', { optimizer: { type: 'SGD', learningRate: 0.01 } });
  compare(await train(playground, 2, 50), await train(playground, 1, 50), 50);

  // Adam divides by the size of the gradients, so with its usual epsilon tiny ones let a difference in rounding grow from step to
  // step: to 1.5e-4 within 14 of them.
  await playground.call('setTraining', { optimizer: { type: 'Adam', epsilon: 1e-4 } });
  compare(await train(playground, 2, 20), await train(playground, 1, 20), 20);
  await playground.call('setTraining', { optimizer: { type: 'Adam' } });
  const shared = await train(playground, 2, 50);
  expect(await train(playground, 2, 50)).toEqual(shared);
  compare(shared, await train(playground, 1, 10), 10);
  await train(playground, 2, 1);

  // All that can be read has the shape of the whole batch.
  const output = await playground.call('tensor', 'conv2d.output');
  expect(output.shape).toEqual([32, 26, 26, 32]);
  const gradient = await playground.call('tensor', 'grad conv2d.kernel');
  expect(gradient.shape).toEqual([3, 3, 1, 32]);
  const evaluation = await playground.call('evaluate', { split: 'test', samples: 500 });
  expect(evaluation.samples).toBe(500);
});

test('answers, pauses and stops while several workers train; the model can change', async ({ playground }) => {
  await playground.call('setBackend', 'cpu', { workers: 3 });
  const { states, still } = await playground.page.evaluate(async () => {
    const { chalkgrad } = window;
    const run = chalkgrad.train({ epochs: 1 });
    await new Promise((resolve) => {
      const off = chalkgrad.on('batch', () => resolve(off()));
    });
    const states = [(await chalkgrad.pause()).state];
    const kernel = async () => Array.from((await chalkgrad.tensor('conv2d.kernel')).data);
    const paused = await kernel();
    // An evaluation takes turns with training, so a run that goes on would take steps meanwhile.
    await chalkgrad.evaluate({ samples: 500 });
    const still = (await kernel()).every((value, index) => value === paused[index]);
    states.push((await chalkgrad.resume()).state);
    await new Promise((resolve) => {
      const off = chalkgrad.on('batch', () => resolve(off()));
    });
    states.push((await chalkgrad.stop()).state, (await run).state);
    return { states, still };
  });
  expect(states).toEqual(['paused', 'training', 'stopped', 'stopped']);
  expect(still).toBe(true);

  await playground.call('setModel', { layers: SMALL });
  expect((await playground.call('train', { steps: 20 })).steps).toBe(20);
  await playground.call('setModel', { layers: REFERENCE });
  expect((await playground.call('train', { steps: 5 })).loss.every(Number.isFinite)).toBe(true);
});

test('an evaluation and a large prediction are shared and give the same as with one worker', async ({ playground }) => {
  const ask = (workers) => playground.page.evaluate(async (workers) => {
    const { chalkgrad } = window;
    await chalkgrad.setBackend('cpu', { workers });
    const pixels = Float32Array.from({ length: 2000 * 784 }, (_, index) => ((index * 7919) % 1009) / 1009);
    const [evaluation, predictions, kernel] = await Promise.all([chalkgrad.evaluate(), chalkgrad.predict(pixels), chalkgrad.tensor('dense.kernel')]);
    return { evaluation, predictions: Array.from(predictions), shape: kernel.shape };
  }, workers);
  await train(playground, 1, 30);
  const [alone, shared] = [await ask(1), await ask(3)];
  expect(shared.evaluation.samples).toBe(10_000);
  expect(shared.evaluation.confusion).toEqual(alone.evaluation.confusion);
  expect(Math.abs(shared.evaluation.loss / alone.evaluation.loss - 1)).toBeLessThan(1e-5);
  expect(shared.predictions).toEqual(alone.predictions);
  expect(shared.shape, 'a call meanwhile').toEqual([576, 64]);
});

test('a replica that dies is replaced, and the numbers stay the same', async ({ playground }) => {
  const expected = await train(playground, 2, 20);
  await playground.call('reset');
  const replicas = () => playground.page.workers().filter((worker) => worker.url().endsWith('worker.js'));
  const run = playground.call('train', { steps: 20 });
  test.skip(replicas().length < 2, 'this browser does not show workers of workers');
  await replicas().at(-1).evaluate(() => setTimeout(() => { throw new Error('gone'); }));
  expect((await run).loss).toEqual(expected);
});

test('a replica that cannot be loaded, or that never starts, is replaced, and the numbers stay the same', async ({ playground }) => {
  const { server } = playground;
  const expected = await train(playground, 2, 5);
  const script = server.requests.find(({ name }) => /^chalkgrad.*\.js$/.test(name)).name;
  for (const [name, fail] of [[script, (response) => void response.destroy()], ['worker.js', () => {}]]) {
    let failures = 0;
    server.faults.set(name, (bytes, response) => (failures++ === 0 ? fail(response) : bytes));
    await playground.call('setBackend', 'cpu', { workers: 1 });
    expect(await train(playground, 2, 5), name).toEqual(expected);
    expect(failures, `requests of ${name}`).toBe(2);
    server.faults.clear();
  }
});

test('as many workers as are worthwhile, unasked', async ({ playground }) => {
  const cores = await playground.page.evaluate(() => navigator.hardwareConcurrency);
  const { workers, detail } = await playground.call('setBackend', 'cpu');
  expect(workers).toBeLessThanOrEqual(cores);
  expect(detail).toMatch(/Workers: \d+,/);
  await playground.call('setModel', { layers: SMALL });
  expect((await playground.call('setBackend', 'cpu')).workers).toBe(1);
});
