// Trains real MNIST through the public API and compares losses and gradients with Keras's (tests/keras/models.json): same
// initial weights, same batches in file order.
import fs from 'node:fs';
import { expect, test } from './playground.js';

const keras = JSON.parse(fs.readFileSync(new URL('../../crates/engine/tests/keras/models.json', import.meta.url), 'utf8'));

/** As in crates/engine/tests/keras/formula.py: MurmurHash3's finaliser. */
function hash(seed, i) {
  let h = (i + Math.imul(seed, 0x9e3779b9)) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

const SCALE_AND_OFFSET = {
  bias: [0.0625, 0],
  gamma: [0.25, 1],
  beta: [0.25, 0],
  moving_mean: [0.25, 0],
  moving_variance: [0.5, 1],
};

/** As in crates/engine/tests/keras/formula.py: the initial value of a weight. */
function initialWeight(name, seed, shape) {
  const count = shape.reduce((product, extent) => product * extent, 1);
  const glorot = () => {
    const [inputs, outputs] = shape.slice(-2);
    return [Math.sqrt(6 / ((count / inputs / outputs) * (inputs + outputs))), 0];
  };
  const [scale, offset] = SCALE_AND_OFFSET[name] ?? glorot();
  const unit = (i) => (hash(seed, i) >>> 8) / 2 ** 23 - 1;
  return Array.from({ length: count }, (_, i) => Math.fround(offset + Math.fround(Math.fround(scale) * unit(i))));
}

const initialWeights = (model) =>
  keras.weights[model].map(({ name, shape }, position) => [
    name,
    initialWeight(name.split('.')[1], keras.firstSeed + position, shape),
  ]);

/** The largest deviation of the norm and of sampled elements, relative to an element's own or the tensor's mean size. */
function deviation(actual, expected) {
  const norm = Math.sqrt(actual.data.reduce((sum, value) => sum + value * value, 0));
  const typical = expected.norm / Math.sqrt(actual.data.length);
  const elements = expected.index.map((index, position) => {
    const value = expected.data[position];
    return Math.abs(actual.data[index] - value) / Math.max(Math.abs(value), typical);
  });
  return Math.max(Math.abs(norm / expected.norm - 1), ...elements);
}

for (const run of keras.runs.filter(({ data }) => data === 'mnist')) {
  test(`the ${run.model} model trains as in Keras`, async ({ playground }) => {
    await playground.open();
    await playground.call('setModel', keras.models[run.model]);
    for (const [name, optimizer] of Object.entries(keras.optimizers)) {
      const result = await playground.page.evaluate(
        async ({ optimizer, batchSize, steps, weights, parameters }) => {
          const { chalkgrad } = window;
          await chalkgrad.setTraining({ optimizer, batchSize, shuffle: false });
          await chalkgrad.reset();
          for (const [weight, values] of weights) await chalkgrad.setTensor(weight, Float32Array.from(values));
          const first = await chalkgrad.train({ steps: 1 });
          const gradients = {};
          for (const parameter of parameters) {
            const { shape, data } = await chalkgrad.tensor(`grad ${parameter}`);
            gradients[parameter] = { shape: [...shape], data: [...data] };
          }
          const rest = await chalkgrad.train({ steps: steps - 1 });
          return { losses: [...first.loss, ...rest.loss], gradients };
        },
        {
          optimizer,
          batchSize: keras.batchSize,
          steps: keras.steps,
          weights: initialWeights(run.model),
          parameters: Object.keys(run.gradients),
        },
      );

      expect(result.losses).toHaveLength(keras.steps);
      const worst = Math.max(...result.losses.map((loss, step) => Math.abs(loss / run.losses[name][step] - 1)));
      let worstGradient = 0;
      for (const [parameter, expected] of Object.entries(run.gradients)) {
        const actual = result.gradients[parameter];
        expect(actual.shape).toEqual(expected.shape);
        expect(deviation(actual, expected), `${name}: grad ${parameter}`).toBeLessThan(1e-4);
        worstGradient = Math.max(worstGradient, deviation(actual, expected));
      }
      console.log(`${run.model}, ${name}: losses within ${worst.toExponential(1)}, gradients within ${worstGradient.toExponential(1)}`);
      expect(worst, `${name}: losses`).toBeLessThan(1e-3);
    }
  });
}
