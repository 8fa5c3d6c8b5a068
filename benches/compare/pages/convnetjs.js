// ConvNetJS, which takes images one by one.
import convnetjs from 'convnetjs';
import { images, serve } from './common.js';

serve(async ({ layers, batch }) => {
  if (layers.some(({ type }) => type === 'lstm')) throw new Error('ConvNetJS has no recurrent layers');
  const net = new convnetjs.Net();
  net.makeLayers([
    { type: 'input', out_sx: 28, out_sy: 28, out_depth: 1 },
    ...layers.map((layer, index) => {
      if (layer.type === 'conv') return { type: 'conv', sx: layer.kernel, filters: layer.filters, stride: 1, pad: 0, activation: 'relu' };
      if (layer.type === 'pool') return { type: 'pool', sx: layer.size, stride: layer.size };
      if (index < layers.length - 1) return { type: 'fc', num_neurons: layer.units, activation: 'relu' };
      return { type: 'softmax', num_classes: layer.units };
    }),
  ]);
  const trainer = new convnetjs.Trainer(net, { method: 'adam', learning_rate: 1e-3, batch_size: batch });
  const { pixels, labels } = images(batch);
  const volumes = Array.from(labels, (_, image) => {
    const volume = new convnetjs.Vol(28, 28, 1, 0);
    for (let i = 0; i < 784; i += 1) volume.w[i] = pixels[image * 784 + i];
    return volume;
  });
  const forward = async () => volumes.forEach((volume) => net.forward(volume));
  return {
    training: async () => volumes.forEach((volume, image) => trainer.train(volume, labels[image])),
    evaluation: forward,
    prediction: forward,
  };
});
