// jax-js, with forward pass, gradient and Adam as one compiled function, channels first as it wants them.
import { blockUntilReady, defaultDevice, init, jit, lax, nn, numpy as np, random, tree, valueAndGrad } from '@jax-js/jax';
import { images, oneHot, serve } from './common.js';

const RATE = 1e-3;

function parameters(layers) {
  const parameters = {};
  const keys = random.split(random.key(0), layers.length);
  layers.forEach((layer, index) => {
    if (layer.type === 'pool') return;
    const channels = layer.input[2];
    const isConv = layer.type === 'conv';
    const shape = isConv ? [layer.filters, channels, layer.kernel, layer.kernel] : [channels, layer.units];
    const bound = 1 / Math.sqrt(isConv ? channels * layer.kernel ** 2 : channels);
    parameters[`w${index}`] = random.uniform(keys.ref.slice(index), shape, { minval: -bound, maxval: bound });
    parameters[`b${index}`] = np.zeros(isConv ? [layer.filters, 1, 1] : [layer.units]);
  });
  keys.dispose();
  return parameters;
}

function scores(layers, parameters, x) {
  let isImage = layers[0].type !== 'dense';
  if (isImage) x = x.reshape([-1, 1, 28, 28]);
  layers.forEach((layer, index) => {
    const [weight, bias] = [parameters[`w${index}`], parameters[`b${index}`]];
    if (layer.type === 'pool') {
      x = lax.reduceWindow(x, np.max, [layer.size, layer.size], [layer.size, layer.size]);
      return;
    }
    if (layer.type === 'conv') {
      x = lax.convGeneralDilated(x, weight, [1, 1], 'VALID').add(bias);
    } else {
      if (isImage) x = x.reshape([-1, layer.input[2]]);
      isImage = false;
      x = np.dot(x, weight).add(bias);
    }
    x = index === layers.length - 1 ? nn.logSoftmax(x) : nn.relu(x);
  });
  return x;
}

serve(async ({ backend, layers, batch }) => {
  if (layers.some(({ type }) => type === 'lstm')) throw new Error('no LSTM is written for jax-js here');
  await init(backend);
  defaultDevice(backend);
  const { pixels, labels } = images(batch);
  const targets = oneHot(labels);
  const loss = (p, x, y) => scores(layers, p, x).mul(y).sum().mul(-1 / batch);
  const step = jit((p, m, v, correction1, correction2, x, y) => {
    const [value, gradient] = valueAndGrad(loss)(tree.ref(p), x, y);
    const [nextP, nextM, nextV] = [{}, {}, {}];
    for (const name of Object.keys(p)) {
      nextM[name] = m[name].mul(0.9).add(gradient[name].ref.mul(0.1));
      nextV[name] = v[name].mul(0.999).add(gradient[name].ref.mul(gradient[name]).mul(0.001));
      const root = np.sqrt(nextV[name].ref.mul(correction2.ref)).add(1e-7);
      nextP[name] = p[name].sub(nextM[name].ref.mul(correction1.ref).div(root).mul(RATE));
    }
    correction1.dispose();
    correction2.dispose();
    return [nextP, nextM, nextV, value];
  });
  const predict = jit((p, x) => scores(layers, p, x));
  let p = parameters(layers);
  let [m, v] = [{}, {}];
  await blockUntilReady(p);
  for (const name of Object.keys(p)) {
    m[name] = np.zeros(p[name].shape);
    v[name] = np.zeros(p[name].shape);
  }
  const input = () => np.array(Float32Array.from(pixels)).reshape([batch, 784]);
  let steps = 0;
  const forward = async () => void (await predict(tree.ref(p), input()).jsAsync());
  return {
    training: async () => {
      steps += 1;
      const corrections = [0.9, 0.999].map((beta) => np.array(1 / (1 - beta ** steps)));
      let value;
      [p, m, v, value] = step(p, m, v, ...corrections, input(), np.array(Float32Array.from(targets)).reshape([batch, 10]));
      await blockUntilReady(p);
      await value.jsAsync();
    },
    evaluation: forward,
    prediction: forward,
  };
});
