// Programs that www/chalkgrad.d.ts accepts, and mistakes that it finds: a `@ts-expect-error` above a line without an error is an
// error itself. Nothing here runs; `cargo xtask test --only types` compiles it.
import type { ChalkgradError, LayerSpec, ModelSpec, TrainingChanges } from '../../www/chalkgrad';

type Is<Expected, Found> = (<T>() => T extends Expected ? 1 : 2) extends <T>() => T extends Found ? 1 : 2 ? true : false;
const is = <Expected>() => <Found>(found: Found, same: Is<Expected, Found>) => void [found, same];

const { chalkgrad } = window;

export async function everyMethod(): Promise<void> {
  is<string>()(chalkgrad.version, true);
  const ready = await globalThis.chalkgrad.ready;
  is<string[]>()(ready.datasets, true);
  is<boolean[]>()(ready.backends.map((backend) => backend.available), true);
  is<number>()(ready.workers, true);
  const dataset = (await chalkgrad.datasets())[0]!;
  if (dataset.target.kind === 'class') is<string[]>()(dataset.target.classes, true);
  is<number[]>()(dataset.input.shape, true);
  const example = await chalkgrad.example('test', 0);
  is<number | number[]>()(example.target, true);
  is<string | undefined>()(example.class, true);

  is<string>()((await chalkgrad.setBackend('auto')).detail, true);
  is<number>()((await chalkgrad.setBackend('cpu', { workers: 2 })).workers, true);

  const summary = await chalkgrad.setModel({
    name: 'small',
    inputShape: [28, 28, 1],
    layers: [
      { type: 'Conv2D', filters: 16, kernelSize: [3, 3], activation: 'relu', padding: 'same', l2: 1e-4, name: 'first' },
      { type: 'BatchNormalization', momentum: 0.9, center: false },
      { type: 'MaxPooling2D' },
      { type: 'AveragePooling2D', poolSize: 2, strides: [1, 1] },
      { type: 'Activation', activation: 'gelu' },
      { type: 'Dropout', rate: 0.5 },
      { type: 'Flatten' },
      { type: 'Dense', units: 10, activation: 'softmax', useBias: true, kernelInitializer: 'he_normal' },
    ],
  });
  is<number[]>()(summary.layers.flatMap((layer) => layer.outputShape), true);
  const model = await chalkgrad.getModel();
  const kernels = model.layers.map((layer) => (layer.type === 'Conv2D' ? layer.filters : 0));
  is<number[]>()(kernels, true);
  await chalkgrad.setModel(model);

  const config = await chalkgrad.setTraining({ optimizer: { type: 'SGD', learningRate: 0.05, momentum: 0.9 }, seed: 7 });
  is<number>()(config.optimizer.learningRate, true);
  is<number>()(config.learningRateSchedule.type === 'Step' ? config.learningRateSchedule.everyEpochs : 0, true);
  await chalkgrad.setTraining({ optimizer: 'Adam', learningRateSchedule: { type: 'Step', everyEpochs: 2, factor: 0.5 } });
  await chalkgrad.setTraining({ optimizer: { beta1: 0.8 }, learningRateSchedule: 'Constant', loss: 'mean_squared_error' });
  await chalkgrad.setTraining({ loss: { type: 'binary_crossentropy' }, clipNorm: 1, clipValue: null, patience: null });
  await chalkgrad.setTraining(await chalkgrad.getTraining());

  const history = await chalkgrad.train({ steps: 300 });
  is<number[]>()(history.loss, true);
  is<number[]>()(history.valAccuracy, true);
  is<'targetAccuracy' | 'patience' | undefined>()(history.stoppedBy, true);
  await chalkgrad.train({ epochs: 1 });
  await chalkgrad.train();

  for (const { state } of [await chalkgrad.pause(), await chalkgrad.resume(), await chalkgrad.stop()]) {
    is<boolean>()(state === 'paused', true);
  }
  is<void>()(await chalkgrad.reset(), true);

  const { accuracy, confusion, metrics, perClass } = await chalkgrad.evaluate();
  is<number>()(metrics['f1'], true);
  is<number | undefined>()(perClass?.[0]?.recall, true);
  is<number | undefined>()(accuracy, true);
  is<number[][] | undefined>()(confusion, true);
  is<number>()((await chalkgrad.evaluate({ split: 'validation', samples: 100 })).samples, true);

  is<Float32Array>()(await chalkgrad.predict(new Uint8Array(784)), true);
  await chalkgrad.predict(new Float32Array(784));
  await chalkgrad.predict(new Int32Array(40));
  await chalkgrad.predict(['A wonderful film.']);
  await chalkgrad.setTraining({ dataset: 'reviews-en', text: { maxTokens: 2000 } });
  is<number | undefined>()(config.text?.sequenceLength, true);
  is<string | undefined>()((await chalkgrad.example('test', 0)).text, true);

  const [first = 'conv2d.kernel'] = await chalkgrad.tensorNames();
  const { shape, data } = await chalkgrad.tensor(first);
  is<number[]>()(shape, true);
  is<void>()(await chalkgrad.setTensor('dense.bias', data), true);

  const file = await chalkgrad.save();
  is<Uint8Array>()(file, true);
  is<number>()((await chalkgrad.open(file)).step, true);
  await chalkgrad.open(new Blob([]));
  await chalkgrad.open(new ArrayBuffer(8)).catch((error: ChalkgradError) => is<string | undefined>()(error.layer, true));
}

export function everyEvent(): void {
  const stop = chalkgrad.on('state', ({ state }) => is<boolean>()(state === 'done', true));
  is<void>()(stop(), true);
  chalkgrad.on('batch', ({ losses, runId }) => void [is<number[]>()(losses, true), is<number>()(runId, true)]);
  chalkgrad.on('epoch', ({ valLoss }) => is<number | undefined>()(valLoss, true));
  chalkgrad.on('error', ({ code, layer }) => void [is<string>()(code, true), is<string | undefined>()(layer, true)]);
  chalkgrad.on('warning', ({ message }) => is<string>()(message, true));
}

export function mistakes(): void {
  // @ts-expect-error: the type is Conv2D.
  const misspelt: LayerSpec = { type: 'Conv2d', filters: 8, kernelSize: 3 };
  // @ts-expect-error: the field is kernelSize.
  const field: LayerSpec = { type: 'Conv2D', filters: 8, kernel_size: 3 };
  // @ts-expect-error: filters is missing.
  const missing: LayerSpec = { type: 'Conv2D', kernelSize: 3 };
  // @ts-expect-error: the field of another layer.
  const foreign: LayerSpec = { type: 'Dense', units: 10, rate: 0.5 };
  // @ts-expect-error: the word is relu.
  const word: LayerSpec = { type: 'Activation', activation: 'ReLU' };
  // @ts-expect-error: two numbers, not three.
  const three: LayerSpec = { type: 'MaxPooling2D', poolSize: [2, 2, 2] };
  // @ts-expect-error: no layers.
  const empty: ModelSpec = { inputShape: [28, 28, 1] };

  // @ts-expect-error: SGD has no beta1.
  const optimizer: TrainingChanges = { optimizer: { type: 'SGD', beta1: 0.9 } };
  // @ts-expect-error: the field is learningRate.
  const rate: TrainingChanges = { optimizer: { type: 'Adam', lr: 0.001 } };
  // @ts-expect-error: the type is Adam.
  const type: TrainingChanges = { optimizer: 'adam' };
  // @ts-expect-error: there is no such loss.
  const loss: TrainingChanges = { loss: 'hinge' };
  // @ts-expect-error: there is no such schedule.
  const schedule: TrainingChanges = { learningRateSchedule: { type: 'Linear' } };
  // @ts-expect-error: the field is batchSize.
  const batch: TrainingChanges = { batch_size: 32 };
  // @ts-expect-error: epochs cannot be left out.
  const epochs: TrainingChanges = { epochs: null };
  void [misspelt, field, missing, foreign, word, three, empty, optimizer, rate, type, loss, schedule, batch, epochs];

  // @ts-expect-error: there is no such event.
  chalkgrad.on('step', () => {});
  // @ts-expect-error: the batch event has no accuracy on the validation images.
  chalkgrad.on('batch', ({ valAccuracy }) => void valAccuracy);
  // @ts-expect-error: a handler is missing.
  chalkgrad.on('epoch');
  // @ts-expect-error: there is no such backend.
  void chalkgrad.setBackend('gpu');
  // @ts-expect-error: the option is steps.
  void chalkgrad.train({ step: 1 });
  // @ts-expect-error: there is no such split.
  void chalkgrad.evaluate({ split: 'all' });
  // @ts-expect-error: pixels are a typed array.
  void chalkgrad.predict([0, 0, 0]);
  // @ts-expect-error: values are a Float32Array.
  void chalkgrad.setTensor('dense.bias', new Float64Array(10));
  // @ts-expect-error: a file, not its name.
  void chalkgrad.open('experiment.safetensors');
  // @ts-expect-error: there is no such method.
  void chalkgrad.fit();
  // @ts-expect-error: the version is fixed.
  chalkgrad.version = '2';
}
