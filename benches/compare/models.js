// The networks that are measured, and what they cost. Everybody builds them from this description.

const conv = (filters) => ({ type: 'conv', filters, kernel: 3 });
const pool = { type: 'pool', size: 2 };
const dense = (units) => ({ type: 'dense', units });

const cnn = (width) => [conv(32 * width), pool, conv(64 * width), pool, conv(64 * width), dense(64 * width), dense(10)];

/**
 * Layers after a 28x28x1 input. Each convolution and each dense layer but the last ends in a ReLU, the last in a softmax over
 * ten classes.
 */
export const MODELS = {
  reference: cnn(1),
  dense: [dense(256), dense(128), dense(10)],
  wide: cnn(2),
  // Reads the rows of an image one after the other.
  lstm: [{ type: 'lstm', units: 128 }, dense(10)],
};

/** A model is a name of the above or a list of such layers. */
const layersOf = (model) => MODELS[model] ?? model;

/** Layers with their input and output sizes: `[height, width, channels]`, or `[1, 1, features]` of a dense layer. */
export function shapes(model) {
  let input = [28, 28, 1];
  return layersOf(model).map((layer) => {
    const [height, width, channels] = input;
    const flat = height * width * channels;
    const output = {
      conv: () => [height - layer.kernel + 1, width - layer.kernel + 1, layer.filters],
      pool: () => [Math.floor(height / layer.size), Math.floor(width / layer.size), channels],
      dense: () => [1, 1, layer.units],
      lstm: () => [1, 1, layer.units],
    }[layer.type]();
    const described = { ...layer, input: layer.type === 'dense' ? [1, 1, flat] : input, output };
    input = output;
    return described;
  });
}

/**
 * Floating-point operations for one image: multiplications and additions of convolutions and dense layers, forward; in
 * training also the gradients by the weights and, but for the first layer, by the input.
 */
export function flops(model, task) {
  const count = ({ type, kernel, input, output: [height, width, features] }) => {
    // Four gates for each row; they see the row, and the state before it.
    const ofRows = input[0] * 4 * input[1] * input[2];
    const steps = { conv: kernel * kernel * input[2], dense: input[2], pool: 0, lstm: ofRows + input[0] * 4 * features }[type];
    const ofInput = type === 'lstm' ? ofRows : steps;
    return { all: 2 * steps * height * width * features, ofInput: 2 * ofInput * height * width * features };
  };
  const forward = shapes(model).map(count);
  const total = forward.reduce((sum, { all }) => sum + all, 0);
  return task === 'training' ? 3 * total - forward[0].ofInput : total;
}

/** As chalkgrad's and Keras's specs have them. */
export function spec(model) {
  const layers = [];
  const described = shapes(model);
  let isFlat = false;
  described.forEach((layer, index) => {
    const activation = index === described.length - 1 ? 'softmax' : 'relu';
    if (layer.type === 'dense' && !isFlat) {
      layers.push({ type: 'Flatten' });
      isFlat = true;
    }
    if (layer.type === 'lstm') {
      layers.push({ type: 'Reshape', targetShape: layer.input.slice(0, 2) }, { type: 'LSTM', units: layer.units });
      isFlat = true;
    }
    if (layer.type === 'conv') layers.push({ type: 'Conv2D', filters: layer.filters, kernelSize: [3, 3], activation });
    if (layer.type === 'pool') layers.push({ type: 'MaxPooling2D', poolSize: [2, 2] });
    if (layer.type === 'dense') layers.push({ type: 'Dense', units: layer.units, activation });
  });
  return { layers };
}
