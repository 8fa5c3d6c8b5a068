// TensorFlow.js, by its layers API.
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-webgpu';
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { images, oneHot, serve } from './common.js';

function build(layers) {
  const model = tf.sequential();
  let isFlat = false;
  layers.forEach((layer, index) => {
    const first = index === 0 ? { inputShape: [28, 28, 1] } : {};
    const activation = index === layers.length - 1 ? 'softmax' : 'relu';
    if (layer.type === 'conv') model.add(tf.layers.conv2d({ filters: layer.filters, kernelSize: layer.kernel, activation, ...first }));
    if (layer.type === 'lstm') {
      model.add(tf.layers.reshape({ targetShape: layer.input.slice(0, 2), ...first }));
      model.add(tf.layers.lstm({ units: layer.units }));
      isFlat = true;
    }
    if (layer.type === 'pool') model.add(tf.layers.maxPooling2d({ poolSize: layer.size }));
    if (layer.type === 'dense') {
      if (!isFlat) model.add(tf.layers.flatten(first));
      isFlat = true;
      model.add(tf.layers.dense({ units: layer.units, activation }));
    }
  });
  model.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy' });
  return model;
}

serve(async ({ backend, layers, batch }) => {
  setWasmPaths('/peers/@tensorflow/tfjs-backend-wasm/wasm-out/');
  setThreadsCount(navigator.hardwareConcurrency);
  if (!(await tf.setBackend(backend))) throw new Error(`tfjs has no backend ${backend} here`);
  await tf.ready();
  const { pixels, labels } = images(batch);
  const x = tf.tensor4d(pixels, [batch, 28, 28, 1]);
  const y = tf.tensor2d(oneHot(labels), [batch, 10]);
  const model = build(layers);
  const forward = async () => {
    const output = model.predictOnBatch(x);
    await output.data();
    output.dispose();
  };
  return { training: () => model.trainOnBatch(x, y), evaluation: forward, prediction: forward };
});
