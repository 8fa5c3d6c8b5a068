// TypeScript declarations of chalkgrad's public JavaScript API, made from its Rust types: do not edit.
//
//     import type { ModelSpec } from "./chalkgrad";
//     const model: ModelSpec = { layers: [{ type: "Flatten" }, { type: "Dense", units: 10, activation: "softmax" }] };
//     await window.chalkgrad.setModel(model);

/** The API `window.chalkgrad`. A Promise of it is rejected with a {@link ChalkgradError}. */
export interface Chalkgrad {
  /** The version of chalkgrad. */
  readonly version: string;
  /** Resolves when the engine is ready, and is rejected when it cannot start. */
  readonly ready: Promise<ReadyInfo>;
  /** Calls a handler for every event of a kind. Returns a function that unsubscribes. */
  on<Name extends keyof Events>(event: Name, handler: (detail: Events[Name]) => void): () => void;
  /** Continues on another backend. Weights and optimizer state carry over. */
  setBackend(choice: BackendChoice, options?: BackendOptions): Promise<BackendInfo>;
  /** Replaces the model. A model with an error rejects, and the old one stays. */
  setModel(spec: ModelSpec): Promise<ModelSummary>;
  /** Returns the model. */
  getModel(): Promise<ModelSpec>;
  /**
   * Changes the given fields of the training configuration, also in the middle of a run. Resolves to the whole
   * configuration.
   */
  setTraining(changes: TrainingChanges): Promise<TrainingConfig>;
  /** Returns the training configuration. */
  getTraining(): Promise<TrainingConfig>;
  /** Trains from the model's current state. Resolves when the run ends. */
  train(options?: TrainOptions): Promise<RunResult>;
  /** Pauses the run. */
  pause(): Promise<StateInfo>;
  /** Continues a paused run. */
  resume(): Promise<StateInfo>;
  /** Ends the run. */
  stop(): Promise<StateInfo>;
  /** Draws new initial weights from the seed, and clears the optimizer state and the step counter. */
  reset(): Promise<void>;
  /** Measures the loss, the metrics of the configuration and, if the target is a class, accuracy and confusion matrix. */
  evaluate(options?: EvaluateOptions): Promise<EvaluationResult>;
  /**
   * Returns the outputs, `[k,output size]`, for k inputs: bytes, scaled as those of the data set, numbers used as they are, token
   * ids, or texts.
   */
  predict(data: Uint8Array | Uint8ClampedArray | Float32Array | Int32Array | string[]): Promise<Float32Array>;
  /** Lists the data sets that a training configuration can name. */
  datasets(): Promise<DatasetDescription[]>;
  /** Reads an example of the data set in use. One that has not arrived yet rejects. */
  example(split: Split, index: number): Promise<Example>;
  /** Returns the names of all tensors that can be read. */
  tensorNames(): Promise<string[]>;
  /** Reads a tensor. */
  tensor(name: string): Promise<TensorValue>;
  /** Sets a parameter. Another length than the parameter's, or a name that is no parameter's, rejects and changes nothing. */
  setTensor(name: string, values: Float32Array): Promise<void>;
  /** Returns a file with the whole experiment. Training goes on. */
  save(): Promise<Uint8Array>;
  /** Opens a file of `save`. Ends a run. A file that cannot be used rejects and changes nothing. */
  open(file: Uint8Array | ArrayBuffer | Blob): Promise<OpenedModel>;
}

/** A backend that can run here, or cannot. */
export interface BackendAvailability {
  /** `"cpu"` or `"webgpu"`. */
  name: string;
  available: boolean;
  /** The reason, in an English sentence. */
  detail: string;
}

export type BackendChoice = "auto" | "webgpu" | "cpu";

/** The backend that runs. */
export interface BackendInfo {
  /** `"cpu"` or `"webgpu"`. */
  backend: string;
  /** The backend and the reason for it, in an English sentence. */
  detail: string;
  workers: number;
}

/** Options of `setBackend`. */
export interface BackendOptions {
  /** The number of workers that share a training step on the CPU. Default: as many as the machine has cores, up to 8. */
  workers?: number;
}

/** Progress of a run. */
export interface BatchInfo {
  /** The loss of every step since the last `batch` event. */
  losses: number[];
  /** The accuracy of each of these steps on its batch. */
  accuracies: number[];
  /** The request that began the run. */
  runId: number;
  /** Steps since the weights were initialised. */
  step: number;
  /** The running epoch, from 0, counted since the weights were initialised. */
  epoch: number;
  batchInEpoch: number;
  batchesPerEpoch: number;
  /** Values of the last step, on its batch. */
  loss: number;
  /** Left out if the target is no class. */
  accuracy?: number;
  /** Running means over this epoch. */
  epochLoss: number;
  epochAccuracy?: number;
  imagesPerSecond: number;
  /** Until the end of the run that was asked for. */
  remainingSeconds: number;
  /** Share of that run that is done, 0 to 1. */
  progress: number;
}

/** Scores of a class, as scikit-learn computes them. */
export interface ClassResult {
  name: string;
  /** The number of its examples. */
  support: number;
  precision: number;
  recall: number;
  f1: number;
}

/** Description of a data set. */
export interface DatasetDescription {
  /** The name in a training configuration. */
  name: string;
  /** The name that people know. */
  title: string;
  kind: DatasetKind;
  input: InputDescription;
  target: TargetDescription;
  /** Numbers of training and of test examples. */
  train: number;
  test: number;
  /** The bytes that all examples take in memory. */
  bytes: number;
  licence: string;
  /** The authors, and the place from which the files come. */
  source: string;
}

/** The form in which pages show the examples of a data set. */
export type DatasetKind = "image" | "text" | "table";

export interface EpochReport {
  /** The request that began the run. */
  runId: number;
  /** From 0, since the weights were initialised. */
  epoch: number;
  step: number;
  loss: number;
  /** Left out if the target is no class. */
  accuracy?: number;
  valLoss?: number;
  valAccuracy?: number;
  /** The metrics of the configuration besides the accuracy, by name, over the epoch's batches as they were trained on. */
  metrics: MetricValues;
  /** The same metrics of the validation examples. */
  valMetrics?: MetricValues;
  seconds: number;
  imagesPerSecond: number;
  /** The rule that ends the run with this epoch. */
  stoppedBy?: StopRule;
}

/** An error as people see it: what was expected, what came, what to do. */
export interface ErrorReport {
  /** A stable word in kebab case, such as `unknown-layer`. */
  code: string;
  /** One or more English sentences. */
  message: string;
  /** The name of the layer at fault. */
  layer?: string;
}

/** Options of `evaluate`. */
export interface EvaluateOptions {
  /** Default: `"test"`. */
  split?: Split;
  /** The number of examples, from the start of the split. Default: all. */
  samples?: number;
}

/** Loss and accuracy on a split of the data set. */
export interface EvaluationResult {
  loss: number;
  /** The share of the right answers, if the target is a class. */
  accuracy?: number;
  /** The number of examples. */
  samples: number;
  /** The metrics of the configuration, by name. */
  metrics: MetricValues;
  /**
   * Numbers of examples, as `confusion[true][predicted]`. Of equal scores the first counts. An example whose scores are
   * all equal, or contain a NaN, is in no column.
   */
  confusion?: number[][];
  /** Scores of each class. */
  perClass?: ClassResult[];
}

/** Arguments of the handlers, by the event's name. */
export interface Events {
  /** The state of the run changes. */
  state: StateInfo;
  /** Training goes on. At most ten times a second. */
  batch: BatchInfo;
  /** An epoch ends. */
  epoch: EpochReport;
  /** A run fails. */
  error: ErrorReport;
  /** Something is worth knowing, and the run continues. */
  warning: ErrorReport;
}

/** An example of the data set. */
export interface Example {
  input: ExampleInput;
  /** The number of the class, or the values of the target. */
  target: number | number[];
  /** The name of the class. */
  class?: string;
  /** The text whose token ids are the input. */
  text?: string;
}

/** The input of an example, as `predict` takes it. */
export interface ExampleInput {
  shape: number[];
  /** Bytes for a data set of bytes, token ids for texts, else numbers. */
  data: Uint8Array | Float32Array | Int32Array;
}

/** Inputs of a data set. */
export interface InputDescription {
  /** The shape of one input, `[H,W,C]` for images. */
  shape: number[];
  /** `"u8"`: bytes, which the network gets divided by 255; `"f32"`; `"tokens"`. */
  dtype: string;
  /** The names of the numbers of a row, if they have names. */
  columns?: string[];
}

export interface LayerSummary {
  name: string;
  type: string;
  /** The names of the layers whose outputs it takes; `input_layer` is the model's input. */
  inputs: string[];
  /** Without the batch axis. */
  outputShape: number[];
  params: number;
}

/** A model: its layers, in the order in which they are computed. */
export interface ModelSpec {
  name?: string;
  /** The shape of one example without the batch axis, `[H,W,C]` for images. */
  inputShape?: number[];
  layers: LayerSpec[];
}

export interface ModelSummary {
  layers: LayerSummary[];
  params: number;
}

/** A model that was opened, and its position in training. */
export interface OpenedModel {
  /** Steps since the weights were initialised. */
  step: number;
  /** Epochs since the weights were initialised. */
  epoch: number;
  layers: LayerSummary[];
  params: number;
}

/** State of the engine when it is ready. */
export interface ReadyInfo {
  version: string;
  /** All backends, available or not. */
  backends: BackendAvailability[];
  /** Names for `dataset` in the training configuration. */
  datasets: string[];
  /** `"cpu"` or `"webgpu"`. */
  backend: string;
  /** The backend and the reason for it, in an English sentence. */
  detail: string;
  workers: number;
}

/** Losses and metrics of a run. */
export interface RunResult {
  /** One entry for each step. */
  loss: number[];
  state: RunState;
  /** Steps taken by this call. */
  steps: number;
  /** Epochs completed by this call. */
  epochs: number;
  seconds: number;
  /** The same as `imagesPerSecond`, for examples of any kind. */
  examplesPerSecond: number;
  imagesPerSecond: number;
  epochLoss: number[];
  /** Empty if the target is no class. */
  epochAccuracy: number[];
  valLoss: number[];
  valAccuracy: number[];
  /** The metrics of the configuration by name, one value for each epoch; those of the validation begin with `val_`. */
  metrics: MetricSeries;
  /** The rule that ended the run before its goal. */
  stoppedBy?: StopRule;
}

export type RunState = "idle" | "training" | "paused" | "waiting" | "evaluating" | "done" | "stopped" | "failed";

export type Split = "train" | "validation" | "test";

/** State of the run. */
export interface StateInfo {
  state: RunState;
}

/** A rule of the training configuration that ends a run before its goal. */
export type StopRule = "targetAccuracy" | "patience";

/** The target of a training configuration. */
export type TargetChoice = "label" | "input";

/** Targets of a data set. */
export type TargetDescription = {
  "kind": "class";
  classes: string[];
} | {
  "kind": "values";
  names: string[];
} | {
  "kind": "input"
};

/** A tensor. */
export interface TensorValue {
  shape: number[];
  /** The values in row-major order. */
  data: Float32Array;
}

/**
 * The way in which texts become token ids. ASCII letters become small and ASCII punctuation is dropped first, as by Keras's
 * `standardize="lower_and_strip_punctuation"`.
 */
export interface TextSpec {
  /** The size of the vocabulary, with the padding and the unknown word. */
  maxTokens: number;
  /** The number of tokens of an input. Longer texts are cut off at the end, shorter ones padded there. */
  sequenceLength: number;
  split: TextSplit;
}

/** The unit that becomes a token. */
export type TextSplit = "whitespace" | "character";

/** Options of `train`. Without any, the run takes the configured number of epochs. */
export interface TrainOptions {
  epochs?: number;
  steps?: number;
}

/**
 * Everything that decides a run but the model: with the same specs, seed, backend and worker count a run replays bit
 * for bit.
 */
export interface TrainingConfig {
  dataset: string;
  epochs: number;
  batchSize: number;
  optimizer: Required<OptimizerSpec>;
  loss: LossSpec["type"] | LossSpec;
  seed: number;
  /** Without it, step k trains on images `k*batchSize ..` in file order. */
  shuffle: boolean;
  /** The number of images used, from the start of the training file. */
  trainSamples: number;
  /** The share of those, taken from their end as in Keras, that is held back for validation. */
  validationSplit: number;
  /** The values with which the loss compares the output. */
  target: TargetChoice;
  /** Metrics that are measured beside the loss; without any, the usual one for the target. */
  metrics?: MetricName[];
  /** Shift and scale each column of a table to mean 0 and standard deviation 1 on the training examples. */
  standardize: boolean;
  /** The way in which texts become token ids, for a data set of texts. Without it, the data set's own. */
  text?: TextSpec;
  /** The schedule of the learning rate; its factor multiplies the optimizer's rate. */
  learningRateSchedule: Required<ScheduleSpec>;
  /** Scale each gradient so that its L2 norm is at most this (Keras's `clipnorm`). */
  clipNorm?: number;
  /** Clip each element of a gradient to plus or minus this (Keras's `clipvalue`). */
  clipValue?: number;
  /** End the run with the epoch that reaches this accuracy: on the validation images or, without any, in training. */
  targetAccuracy?: number;
  /** Ends the run after this many epochs in a row without a lower validation loss (Keras's `EarlyStopping`). */
  patience?: number;
}

/** Slides small kernels over the image; each finds one pattern anywhere in it. */
export interface Conv2DLayer {
  type: "Conv2D";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
  /**
   * The number of kernels, and so of output channels.
   * It must be a whole number from 1 to 65536.
   */
  filters: number;
  /**
   * Height and width of the kernel.
   * It must be one or two whole numbers from 1 to 1024.
   */
  kernelSize: number | [number, number];
  /**
   * The distance by which the window moves down and right. Empty in a pooling layer: the size of the window.
   * It must be one or two whole numbers from 1 to 1024. Default: [1, 1].
   */
  strides?: number | [number, number];
  /**
   * valid: only whole windows, so the output shrinks; same: zeros are added around the image so that it does not.
   * Default: "valid".
   */
  padding?: Padding;
  /**
   * The distance between neighbouring kernel weights on the image.
   * It must be one or two whole numbers from 1 to 1024. Default: [1, 1].
   */
  dilationRate?: number | [number, number];
  /**
   * The function applied to each output; softmax turns the last axis into probabilities.
   * Default: "linear".
   */
  activation?: Activation;
  /**
   * Adds a learned number to each output.
   * Default: true.
   */
  useBias?: boolean;
  /**
   * The distribution of the initial weights.
   * Default: "glorot_uniform".
   */
  kernelInitializer?: KernelInitializer;
  /**
   * The rule for the initial biases.
   * Default: "zeros".
   */
  biasInitializer?: BiasInitializer;
  /**
   * Adds this factor times the sum of the sizes of the kernel weights to the loss, so that many become nearly 0.
   * It must be a number from 0 to 1000000. Default: 0.
   */
  l1?: number;
  /**
   * Adds this factor times the sum of the squared kernel weights to the loss.
   * It must be a number from 0 to 1000000. Default: 0.
   */
  l2?: number;
  /**
   * After each update the kernel weights of every unit are scaled down to at most this norm. Empty: no limit.
   * It must be a number above 0 and at most 1000000.
   */
  maxNorm?: number;
}

/** Convolves each channel alone, with few weights; a 1×1 convolution behind it can mix the channels. */
export interface DepthwiseConv2DLayer {
  type: "DepthwiseConv2D";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
  /**
   * Height and width of the kernel.
   * It must be one or two whole numbers from 1 to 1024.
   */
  kernelSize: number | [number, number];
  /**
   * The distance by which the window moves down and right. Empty in a pooling layer: the size of the window.
   * It must be one or two whole numbers from 1 to 1024. Default: [1, 1].
   */
  strides?: number | [number, number];
  /**
   * valid: only whole windows, so the output shrinks; same: zeros are added around the image so that it does not.
   * Default: "valid".
   */
  padding?: Padding;
  /**
   * The number of kernels for each channel, and so of its results.
   * It must be a whole number from 1 to 1024. Default: 1.
   */
  depthMultiplier?: number;
  /**
   * The distance between neighbouring kernel weights on the image.
   * It must be one or two whole numbers from 1 to 1024. Default: [1, 1].
   */
  dilationRate?: number | [number, number];
  /**
   * The function applied to each output; softmax turns the last axis into probabilities.
   * Default: "linear".
   */
  activation?: Activation;
  /**
   * Adds a learned number to each output.
   * Default: true.
   */
  useBias?: boolean;
  /**
   * The distribution of the initial weights.
   * Default: "glorot_uniform".
   */
  depthwiseInitializer?: DepthwiseInitializer;
  /**
   * The rule for the initial biases.
   * Default: "zeros".
   */
  biasInitializer?: BiasInitializer;
  /**
   * Adds this factor times the sum of the sizes of the kernel weights to the loss, so that many become nearly 0.
   * It must be a number from 0 to 1000000. Default: 0.
   */
  l1?: number;
  /**
   * Adds this factor times the sum of the squared kernel weights to the loss.
   * It must be a number from 0 to 1000000. Default: 0.
   */
  l2?: number;
  /**
   * After each update the kernel weights of every unit are scaled down to at most this norm. Empty: no limit.
   * It must be a number above 0 and at most 1000000.
   */
  maxNorm?: number;
}

/** Convolves each channel alone, then mixes the channels place by place: nearly a Conv2D, with far fewer weights. */
export interface SeparableConv2DLayer {
  type: "SeparableConv2D";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
  /**
   * The number of kernels, and so of output channels.
   * It must be a whole number from 1 to 65536.
   */
  filters: number;
  /**
   * Height and width of the kernel.
   * It must be one or two whole numbers from 1 to 1024.
   */
  kernelSize: number | [number, number];
  /**
   * The distance by which the window moves down and right. Empty in a pooling layer: the size of the window.
   * It must be one or two whole numbers from 1 to 1024. Default: [1, 1].
   */
  strides?: number | [number, number];
  /**
   * valid: only whole windows, so the output shrinks; same: zeros are added around the image so that it does not.
   * Default: "valid".
   */
  padding?: Padding;
  /**
   * The number of kernels for each channel, and so of its results.
   * It must be a whole number from 1 to 1024. Default: 1.
   */
  depthMultiplier?: number;
  /**
   * The distance between neighbouring kernel weights on the image.
   * It must be one or two whole numbers from 1 to 1024. Default: [1, 1].
   */
  dilationRate?: number | [number, number];
  /**
   * The function applied to each output; softmax turns the last axis into probabilities.
   * Default: "linear".
   */
  activation?: Activation;
  /**
   * Adds a learned number to each output.
   * Default: true.
   */
  useBias?: boolean;
  /**
   * The distribution of the initial weights.
   * Default: "glorot_uniform".
   */
  depthwiseInitializer?: DepthwiseInitializer;
  /**
   * The distribution of the initial weights that mix the channels.
   * Default: "glorot_uniform".
   */
  pointwiseInitializer?: PointwiseInitializer;
  /**
   * The rule for the initial biases.
   * Default: "zeros".
   */
  biasInitializer?: BiasInitializer;
  /**
   * Adds this factor times the sum of the sizes of the kernel weights to the loss, so that many become nearly 0.
   * It must be a number from 0 to 1000000. Default: 0.
   */
  l1?: number;
  /**
   * Adds this factor times the sum of the squared kernel weights to the loss.
   * It must be a number from 0 to 1000000. Default: 0.
   */
  l2?: number;
  /**
   * After each update the kernel weights of every unit are scaled down to at most this norm. Empty: no limit.
   * It must be a number above 0 and at most 1000000.
   */
  maxNorm?: number;
}

/** Lays a weighted kernel over the output for each pixel, so that images grow: the way back of a convolution. */
export interface Conv2DTransposeLayer {
  type: "Conv2DTranspose";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
  /**
   * The number of kernels, and so of output channels.
   * It must be a whole number from 1 to 65536.
   */
  filters: number;
  /**
   * Height and width of the kernel.
   * It must be one or two whole numbers from 1 to 1024.
   */
  kernelSize: number | [number, number];
  /**
   * The distance in the output, down and right, between the kernels of neighbouring pixels: the factor by which the image grows.
   * It must be one or two whole numbers from 1 to 1024. Default: [1, 1].
   */
  strides?: number | [number, number];
  /**
   * valid: only whole windows, so the output shrinks; same: zeros are added around the image so that it does not.
   * Default: "valid".
   */
  padding?: Padding;
  /**
   * Rows and columns more than the smallest output has, fewer than the stride. Empty: as many as the padding needs.
   * It must be one or two whole numbers from 0 to 1024.
   */
  outputPadding?: number | [number, number];
  /**
   * The distance between neighbouring kernel weights on the image.
   * It must be one or two whole numbers from 1 to 1024. Default: [1, 1].
   */
  dilationRate?: number | [number, number];
  /**
   * The function applied to each output; softmax turns the last axis into probabilities.
   * Default: "linear".
   */
  activation?: Activation;
  /**
   * Adds a learned number to each output.
   * Default: true.
   */
  useBias?: boolean;
  /**
   * The distribution of the initial weights.
   * Default: "glorot_uniform".
   */
  kernelInitializer?: KernelInitializer;
  /**
   * The rule for the initial biases.
   * Default: "zeros".
   */
  biasInitializer?: BiasInitializer;
  /**
   * Adds this factor times the sum of the sizes of the kernel weights to the loss, so that many become nearly 0.
   * It must be a number from 0 to 1000000. Default: 0.
   */
  l1?: number;
  /**
   * Adds this factor times the sum of the squared kernel weights to the loss.
   * It must be a number from 0 to 1000000. Default: 0.
   */
  l2?: number;
  /**
   * After each update the kernel weights of every unit are scaled down to at most this norm. Empty: no limit.
   * It must be a number above 0 and at most 1000000.
   */
  maxNorm?: number;
}

/** Slides small kernels along a sequence; each finds one pattern anywhere in it. */
export interface Conv1DLayer {
  type: "Conv1D";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
  /**
   * The number of kernels, and so of output channels.
   * It must be a whole number from 1 to 65536.
   */
  filters: number;
  /**
   * The number of positions that the kernel covers.
   * It must be a whole number from 1 to 1024.
   */
  kernelSize: number;
  /**
   * The distance by which the window moves along the sequence.
   * It must be a whole number from 1 to 1024. Default: 1.
   */
  strides?: number;
  /**
   * valid: only whole windows, so the output shrinks; same: zeros around the sequence; causal: zeros before it, so that no output sees what comes later.
   * Default: "valid".
   */
  padding?: Conv1DPadding;
  /**
   * The distance between neighbouring kernel weights on the image.
   * It must be a whole number from 1 to 1024. Default: 1.
   */
  dilationRate?: number;
  /**
   * The function applied to each output; softmax turns the last axis into probabilities.
   * Default: "linear".
   */
  activation?: Activation;
  /**
   * Adds a learned number to each output.
   * Default: true.
   */
  useBias?: boolean;
  /**
   * The distribution of the initial weights.
   * Default: "glorot_uniform".
   */
  kernelInitializer?: KernelInitializer;
  /**
   * The rule for the initial biases.
   * Default: "zeros".
   */
  biasInitializer?: BiasInitializer;
  /**
   * Adds this factor times the sum of the sizes of the kernel weights to the loss, so that many become nearly 0.
   * It must be a number from 0 to 1000000. Default: 0.
   */
  l1?: number;
  /**
   * Adds this factor times the sum of the squared kernel weights to the loss.
   * It must be a number from 0 to 1000000. Default: 0.
   */
  l2?: number;
  /**
   * After each update the kernel weights of every unit are scaled down to at most this norm. Empty: no limit.
   * It must be a number above 0 and at most 1000000.
   */
  maxNorm?: number;
}

/** Keeps the largest value of each window: images get smaller, and small shifts matter less. */
export interface MaxPooling2DLayer {
  type: "MaxPooling2D";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
  /**
   * Height and width of the window that becomes one output.
   * It must be one or two whole numbers from 1 to 1024. Default: [2, 2].
   */
  poolSize?: number | [number, number];
  /**
   * The distance by which the window moves down and right. Empty in a pooling layer: the size of the window.
   * It must be one or two whole numbers from 1 to 1024.
   */
  strides?: number | [number, number];
  /**
   * valid: only whole windows, so the output shrinks; same: zeros are added around the image so that it does not.
   * Default: "valid".
   */
  padding?: Padding;
}

/** Takes the mean of each window: smaller, smoother images. */
export interface AveragePooling2DLayer {
  type: "AveragePooling2D";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
  /**
   * Height and width of the window that becomes one output.
   * It must be one or two whole numbers from 1 to 1024. Default: [2, 2].
   */
  poolSize?: number | [number, number];
  /**
   * The distance by which the window moves down and right. Empty in a pooling layer: the size of the window.
   * It must be one or two whole numbers from 1 to 1024.
   */
  strides?: number | [number, number];
  /**
   * valid: only whole windows, so the output shrinks; same: zeros are added around the image so that it does not.
   * Default: "valid".
   */
  padding?: Padding;
}

/** Takes the mean of each channel over the whole image: one number per channel. */
export interface GlobalAveragePooling2DLayer {
  type: "GlobalAveragePooling2D";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
}

/** Takes the largest number of each channel over the whole image: one number per channel. */
export interface GlobalMaxPooling2DLayer {
  type: "GlobalMaxPooling2D";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
}

/** Keeps the largest value of each window of a sequence: it gets shorter, and small shifts matter less. */
export interface MaxPooling1DLayer {
  type: "MaxPooling1D";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
  /**
   * The number of positions that become one output.
   * It must be a whole number from 1 to 1024. Default: 2.
   */
  poolSize?: number;
  /**
   * The distance by which the window moves along the sequence. Empty: the size of the window.
   * It must be a whole number from 1 to 1024.
   */
  strides?: number;
  /**
   * valid: only whole windows, so the output shrinks; same: zeros are added around the image so that it does not.
   * Default: "valid".
   */
  padding?: Padding;
}

/** Takes the mean of each window of a sequence: shorter and smoother. */
export interface AveragePooling1DLayer {
  type: "AveragePooling1D";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
  /**
   * The number of positions that become one output.
   * It must be a whole number from 1 to 1024. Default: 2.
   */
  poolSize?: number;
  /**
   * The distance by which the window moves along the sequence. Empty: the size of the window.
   * It must be a whole number from 1 to 1024.
   */
  strides?: number;
  /**
   * valid: only whole windows, so the output shrinks; same: zeros are added around the image so that it does not.
   * Default: "valid".
   */
  padding?: Padding;
}

/** Takes the mean of each channel over the whole sequence: one number per channel. */
export interface GlobalAveragePooling1DLayer {
  type: "GlobalAveragePooling1D";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
}

/** Takes the largest number of each channel in the whole sequence: one number per channel. */
export interface GlobalMaxPooling1DLayer {
  type: "GlobalMaxPooling1D";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
}

/** Reads a sequence step by step; each state follows from the input and the state before it. */
export interface SimpleRNNLayer {
  type: "SimpleRNN";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
  /**
   * The number of outputs.
   * It must be a whole number from 1 to 1024.
   */
  units: number;
  /**
   * The function applied to each output; softmax turns the last axis into probabilities.
   * Default: "tanh".
   */
  activation?: SimpleRNNActivation;
  /**
   * Adds a learned number to each output.
   * Default: true.
   */
  useBias?: boolean;
  /**
   * The distribution of the initial weights.
   * Default: "glorot_uniform".
   */
  kernelInitializer?: KernelInitializer;
  /**
   * The rule for the initial weights between states. Orthogonal ones keep the length of a state over many steps.
   * Default: "orthogonal".
   */
  recurrentInitializer?: RecurrentInitializer;
  /**
   * The rule for the initial biases.
   * Default: "zeros".
   */
  biasInitializer?: BiasInitializer;
  /**
   * The share of the inputs that are zero while training, the same at every step of a sequence.
   * It must be a number from 0 to 0.999. Default: 0.
   */
  dropout?: number;
  /**
   * The share of the states that are zero on their way to the next step while training, the same at every step and other ones for each gate.
   * It must be a number from 0 to 0.999. Default: 0.
   */
  recurrentDropout?: number;
  /**
   * Gives the state after every step, not only the last one. A recurrent layer that follows needs it.
   * Default: false.
   */
  returnSequences?: boolean;
  /**
   * Reads the sequence from its end to its beginning, and gives the states in that order.
   * Default: false.
   */
  goBackwards?: boolean;
  /**
   * Adds this factor times the sum of the sizes of the kernel weights to the loss, so that many become nearly 0.
   * It must be a number from 0 to 1000000. Default: 0.
   */
  l1?: number;
  /**
   * Adds this factor times the sum of the squared kernel weights to the loss.
   * It must be a number from 0 to 1000000. Default: 0.
   */
  l2?: number;
  /**
   * After each update the kernel weights of every unit are scaled down to at most this norm. Empty: no limit.
   * It must be a number above 0 and at most 1000000.
   */
  maxNorm?: number;
}

/** Reads a sequence step by step and keeps a carry that gates write, forget and read, so that it remembers over many steps. */
export interface LSTMLayer {
  type: "LSTM";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
  /**
   * The number of outputs.
   * It must be a whole number from 1 to 1024.
   */
  units: number;
  /**
   * The function applied to each output; softmax turns the last axis into probabilities.
   * Default: "tanh".
   */
  activation?: LSTMActivation;
  /**
   * The function of the gates. The sigmoid opens and closes them between 0 and 1.
   * Default: "sigmoid".
   */
  recurrentActivation?: RecurrentActivation;
  /**
   * Adds a learned number to each output.
   * Default: true.
   */
  useBias?: boolean;
  /**
   * The distribution of the initial weights.
   * Default: "glorot_uniform".
   */
  kernelInitializer?: KernelInitializer;
  /**
   * The rule for the initial weights between states. Orthogonal ones keep the length of a state over many steps.
   * Default: "orthogonal".
   */
  recurrentInitializer?: RecurrentInitializer;
  /**
   * The rule for the initial biases.
   * Default: "zeros".
   */
  biasInitializer?: BiasInitializer;
  /**
   * The forget gate begins open, so that a fresh cell remembers.
   * Default: true.
   */
  unitForgetBias?: boolean;
  /**
   * The share of the inputs that are zero while training, the same at every step of a sequence.
   * It must be a number from 0 to 0.999. Default: 0.
   */
  dropout?: number;
  /**
   * The share of the states that are zero on their way to the next step while training, the same at every step and other ones for each gate.
   * It must be a number from 0 to 0.999. Default: 0.
   */
  recurrentDropout?: number;
  /**
   * Gives the state after every step, not only the last one. A recurrent layer that follows needs it.
   * Default: false.
   */
  returnSequences?: boolean;
  /**
   * Reads the sequence from its end to its beginning, and gives the states in that order.
   * Default: false.
   */
  goBackwards?: boolean;
  /**
   * Adds this factor times the sum of the sizes of the kernel weights to the loss, so that many become nearly 0.
   * It must be a number from 0 to 1000000. Default: 0.
   */
  l1?: number;
  /**
   * Adds this factor times the sum of the squared kernel weights to the loss.
   * It must be a number from 0 to 1000000. Default: 0.
   */
  l2?: number;
  /**
   * After each update the kernel weights of every unit are scaled down to at most this norm. Empty: no limit.
   * It must be a number above 0 and at most 1000000.
   */
  maxNorm?: number;
}

/** Reads a sequence step by step; an update gate says how much of the state stays, a reset gate how much of it the new one sees. */
export interface GRULayer {
  type: "GRU";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
  /**
   * The number of outputs.
   * It must be a whole number from 1 to 1024.
   */
  units: number;
  /**
   * The function applied to each output; softmax turns the last axis into probabilities.
   * Default: "tanh".
   */
  activation?: GRUActivation;
  /**
   * The function of the gates. The sigmoid opens and closes them between 0 and 1.
   * Default: "sigmoid".
   */
  recurrentActivation?: RecurrentActivation;
  /**
   * Adds a learned number to each output.
   * Default: true.
   */
  useBias?: boolean;
  /**
   * The distribution of the initial weights.
   * Default: "glorot_uniform".
   */
  kernelInitializer?: KernelInitializer;
  /**
   * The rule for the initial weights between states. Orthogonal ones keep the length of a state over many steps.
   * Default: "orthogonal".
   */
  recurrentInitializer?: RecurrentInitializer;
  /**
   * The rule for the initial biases.
   * Default: "zeros".
   */
  biasInitializer?: BiasInitializer;
  /**
   * The reset gate acts on the product of state and weights, with a bias of its own, and not on the state before it.
   * Default: true.
   */
  resetAfter?: boolean;
  /**
   * The share of the inputs that are zero while training, the same at every step of a sequence.
   * It must be a number from 0 to 0.999. Default: 0.
   */
  dropout?: number;
  /**
   * The share of the states that are zero on their way to the next step while training, the same at every step and other ones for each gate.
   * It must be a number from 0 to 0.999. Default: 0.
   */
  recurrentDropout?: number;
  /**
   * Gives the state after every step, not only the last one. A recurrent layer that follows needs it.
   * Default: false.
   */
  returnSequences?: boolean;
  /**
   * Reads the sequence from its end to its beginning, and gives the states in that order.
   * Default: false.
   */
  goBackwards?: boolean;
  /**
   * Adds this factor times the sum of the sizes of the kernel weights to the loss, so that many become nearly 0.
   * It must be a number from 0 to 1000000. Default: 0.
   */
  l1?: number;
  /**
   * Adds this factor times the sum of the squared kernel weights to the loss.
   * It must be a number from 0 to 1000000. Default: 0.
   */
  l2?: number;
  /**
   * After each update the kernel weights of every unit are scaled down to at most this norm. Empty: no limit.
   * It must be a number above 0 and at most 1000000.
   */
  maxNorm?: number;
}

/** Reads a sequence in both directions with two layers of one kind, so that each step knows what comes before and after. */
export interface BidirectionalLayer {
  type: "Bidirectional";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
  /** The layer that reads the sequence, once in each direction, with weights of its own for each. */
  layer: LSTMLayer | GRULayer | SimpleRNNLayer;
  /**
   * Joins the states of both directions: one behind the other, or number by number as sum, product or mean.
   * Default: "concat".
   */
  mergeMode?: MergeMode;
}

/** Turns the image into one row of numbers, as a Dense layer needs it. */
export interface FlattenLayer {
  type: "Flatten";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
}

/** Every output is a weighted sum of all inputs. */
export interface DenseLayer {
  type: "Dense";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
  /**
   * The number of outputs.
   * It must be a whole number from 1 to 1048576.
   */
  units: number;
  /**
   * The function applied to each output; softmax turns the last axis into probabilities.
   * Default: "linear".
   */
  activation?: Activation;
  /**
   * Adds a learned number to each output.
   * Default: true.
   */
  useBias?: boolean;
  /**
   * The distribution of the initial weights.
   * Default: "glorot_uniform".
   */
  kernelInitializer?: KernelInitializer;
  /**
   * The rule for the initial biases.
   * Default: "zeros".
   */
  biasInitializer?: BiasInitializer;
  /**
   * Adds this factor times the sum of the sizes of the kernel weights to the loss, so that many become nearly 0.
   * It must be a number from 0 to 1000000. Default: 0.
   */
  l1?: number;
  /**
   * Adds this factor times the sum of the squared kernel weights to the loss.
   * It must be a number from 0 to 1000000. Default: 0.
   */
  l2?: number;
  /**
   * After each update the kernel weights of every unit are scaled down to at most this norm. Empty: no limit.
   * It must be a number above 0 and at most 1000000.
   */
  maxNorm?: number;
}

/** Applies a function to every number. */
export interface ActivationLayer {
  type: "Activation";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
  /** The function applied to each output; softmax turns the last axis into probabilities. */
  activation: Activation;
}

/** Sets a random share of the numbers to zero during training, so that the network cannot rely on any single one. */
export interface DropoutLayer {
  type: "Dropout";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
  /**
   * The share of the numbers that is set to zero in each training step.
   * It must be a number from 0 to 0.999.
   */
  rate: number;
}

/** Sets random whole channels to zero during training: neighbouring pixels say nearly the same, so single ones would not be missed. */
export interface SpatialDropout2DLayer {
  type: "SpatialDropout2D";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
  /**
   * The share of the numbers that is set to zero in each training step.
   * It must be a number from 0 to 0.999.
   */
  rate: number;
}

/** Adds random numbers during training, so that the network does not rely on single values. */
export interface GaussianNoiseLayer {
  type: "GaussianNoise";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
  /**
   * The standard deviation of the noise that each training step adds.
   * It must be a number from 0 to 1000000.
   */
  stddev: number;
}

/** Normalises every channel to mean 0 and variance 1 over the batch, then scales and shifts it. */
export interface BatchNormalizationLayer {
  type: "BatchNormalization";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
  /**
   * The share of the moving mean and variance that each training step keeps.
   * It must be a number from 0 to 1. Default: 0.99.
   */
  momentum?: number;
  /**
   * Added to the variance so that it is never zero.
   * It must be a number from 1e-12 to 1. Default: 0.001.
   */
  epsilon?: number;
  /**
   * Adds a learned number, beta, to each channel.
   * Default: true.
   */
  center?: boolean;
  /**
   * Multiplies each channel by a learned number, gamma.
   * Default: true.
   */
  scale?: boolean;
  /**
   * The rule for the initial shifts.
   * Default: "zeros".
   */
  betaInitializer?: BetaInitializer;
  /**
   * The rule for the initial factors.
   * Default: "ones".
   */
  gammaInitializer?: GammaInitializer;
  /**
   * Adds this factor times the sum of the sizes of the kernel weights to the loss, so that many become nearly 0.
   * It must be a number from 0 to 1000000. Default: 0.
   */
  l1?: number;
  /**
   * Adds this factor times the sum of the squared kernel weights to the loss.
   * It must be a number from 0 to 1000000. Default: 0.
   */
  l2?: number;
  /**
   * After each update the kernel weights of every unit are scaled down to at most this norm. Empty: no limit.
   * It must be a number above 0 and at most 1000000.
   */
  maxNorm?: number;
}

/** Normalises the last axis of each example, or others, to mean 0 and variance 1, then scales and shifts it; the other examples of the batch do not matter. */
export interface LayerNormalizationLayer {
  type: "LayerNormalization";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
  /**
   * The axes whose numbers are normalised together: -1 is the last, 1 the first of one example.
   * It must be up to 4 whole numbers from -4 to 4. Default: [-1].
   */
  axis?: number | number[];
  /**
   * Added to the variance so that it is never zero.
   * It must be a number from 1e-12 to 1. Default: 0.001.
   */
  epsilon?: number;
  /**
   * Adds a learned number, beta, to each channel.
   * Default: true.
   */
  center?: boolean;
  /**
   * Multiplies each channel by a learned number, gamma.
   * Default: true.
   */
  scale?: boolean;
  /**
   * The rule for the initial shifts.
   * Default: "zeros".
   */
  betaInitializer?: BetaInitializer;
  /**
   * The rule for the initial factors.
   * Default: "ones".
   */
  gammaInitializer?: GammaInitializer;
  /**
   * Adds this factor times the sum of the sizes of the kernel weights to the loss, so that many become nearly 0.
   * It must be a number from 0 to 1000000. Default: 0.
   */
  l1?: number;
  /**
   * Adds this factor times the sum of the squared kernel weights to the loss.
   * It must be a number from 0 to 1000000. Default: 0.
   */
  l2?: number;
  /**
   * After each update the kernel weights of every unit are scaled down to at most this norm. Empty: no limit.
   * It must be a number above 0 and at most 1000000.
   */
  maxNorm?: number;
}

/** Adds the outputs of several layers, number by number. A way round some layers makes a residual network. */
export interface AddLayer {
  type: "Add";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
}

/** Multiplies the outputs of several layers, number by number, so that one can open and close the way of another. */
export interface MultiplyLayer {
  type: "Multiply";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
}

/** Joins the outputs of several layers along one axis. */
export interface ConcatenateLayer {
  type: "Concatenate";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
  /**
   * The axis along which the inputs are joined: -1 is the last, 1 the first of one example.
   * It must be a whole number from -4 to 4. Default: -1.
   */
  axis?: number;
}

/** Turns each token into a row of a table that is learned, so that words of similar use come to lie close together. */
export interface EmbeddingLayer {
  type: "Embedding";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
  /**
   * The number of tokens, that is of rows of the table.
   * It must be a whole number from 1 to 1048576.
   */
  inputDim: number;
  /**
   * The length of a row of the table.
   * It must be a whole number from 1 to 4096.
   */
  outputDim: number;
  /**
   * The rule for the initial rows of the table.
   * Default: "uniform".
   */
  embeddingsInitializer?: EmbeddingsInitializer;
  /**
   * Token 0 pads short texts; with this, recurrent layers and means leave it out.
   * Default: false.
   */
  maskZero?: boolean;
  /**
   * Adds this factor times the sum of the sizes of the kernel weights to the loss, so that many become nearly 0.
   * It must be a number from 0 to 1000000. Default: 0.
   */
  l1?: number;
  /**
   * Adds this factor times the sum of the squared kernel weights to the loss.
   * It must be a number from 0 to 1000000. Default: 0.
   */
  l2?: number;
  /**
   * After each update the kernel weights of every unit are scaled down to at most this norm. Empty: no limit.
   * It must be a number above 0 and at most 1000000.
   */
  maxNorm?: number;
}

/** Gives the same numbers in the same order another shape, for example an image as a sequence of rows. */
export interface ReshapeLayer {
  type: "Reshape";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
  /**
   * The extents of the new shape with commas between them; one of them may be -1 and then follows from the others.
   * It must be up to 3 whole numbers from -1 to 268435456.
   */
  targetShape: number | number[];
}

/** Puts the axes into another order. */
export interface PermuteLayer {
  type: "Permute";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
  /**
   * The axes of one example, counted from 1, in their new order.
   * It must be up to 4 whole numbers from 1 to 4.
   */
  dims: number | number[];
}

/** Multiplies every number by one factor and adds one offset. */
export interface RescalingLayer {
  type: "Rescaling";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
  /**
   * Every number is multiplied by it.
   * It must be a number.
   */
  scale: number;
  /**
   * Added to every product.
   * It must be a number. Default: 0.
   */
  offset?: number;
}

/** Moves each training image by a random share of its size, so that the network learns the thing and not its place. */
export interface RandomTranslationLayer {
  type: "RandomTranslation";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
  /**
   * The largest move up or down, as a share of the height, or two numbers: the least and the largest (negative: up).
   * It must be a number from -1 to 1, or two of them: the least and the largest.
   */
  heightFactor: number | [number, number];
  /**
   * The largest move left or right, as a share of the width, or two numbers: the least and the largest (negative: left).
   * It must be a number from -1 to 1, or two of them: the least and the largest.
   */
  widthFactor: number | [number, number];
  /**
   * Shown where the image ends: its mirror image (reflect), one number (constant), the image again (wrap) or its last pixel (nearest).
   * Default: "reflect".
   */
  fillMode?: FillMode;
  /**
   * Shown between the middles of pixels: the nearest pixel, or a mixture of the four round the place (bilinear).
   * Default: "bilinear".
   */
  interpolation?: Interpolation;
  /**
   * The number beyond the border where that is constant.
   * It must be a number. Default: 0.
   */
  fillValue?: number;
}

/** Turns each training image by a random angle round its middle. */
export interface RandomRotationLayer {
  type: "RandomRotation";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
  /**
   * The largest angle as a share of a full turn, or two numbers: the least and the largest (positive: against the clock).
   * It must be a number from -1 to 1, or two of them: the least and the largest.
   */
  factor: number | [number, number];
  /**
   * Shown where the image ends: its mirror image (reflect), one number (constant), the image again (wrap) or its last pixel (nearest).
   * Default: "reflect".
   */
  fillMode?: FillMode;
  /**
   * Shown between the middles of pixels: the nearest pixel, or a mixture of the four round the place (bilinear).
   * Default: "bilinear".
   */
  interpolation?: Interpolation;
  /**
   * The number beyond the border where that is constant.
   * It must be a number. Default: 0.
   */
  fillValue?: number;
}

/** Makes each training image larger or smaller by a random factor, round its middle. */
export interface RandomZoomLayer {
  type: "RandomZoom";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
  /**
   * The largest zoom: 0.2 shows from 20 % more to 20 % less of the height. Or two numbers: positive ones make the image smaller, negative ones larger.
   * It must be a number from -0.999 to 1, or two of them: the least and the largest.
   */
  heightFactor: number | [number, number];
  /**
   * The same across. Empty: as the height, so that shapes stay as they are.
   * It must be a number from -0.999 to 1, or two of them: the least and the largest.
   */
  widthFactor?: number | [number, number];
  /**
   * Shown where the image ends: its mirror image (reflect), one number (constant), the image again (wrap) or its last pixel (nearest).
   * Default: "reflect".
   */
  fillMode?: FillMode;
  /**
   * Shown between the middles of pixels: the nearest pixel, or a mixture of the four round the place (bilinear).
   * Default: "bilinear".
   */
  interpolation?: Interpolation;
  /**
   * The number beyond the border where that is constant.
   * It must be a number. Default: 0.
   */
  fillValue?: number;
}

/** Mirrors half of the training images. Good for cats, bad for digits: a mirrored 2 is no 2. */
export interface RandomFlipLayer {
  type: "RandomFlip";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
  /**
   * The direction in which images are mirrored. With both, an image is mirrored in both or in none.
   * Default: "horizontal_and_vertical".
   */
  mode?: Mode;
}

/** Makes the contrast of each training image stronger or weaker by a random factor. */
export interface RandomContrastLayer {
  type: "RandomContrast";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
  /**
   * The largest change of the contrast: 0.2 means from 0.8 to 1.2 times. Or two numbers: how much weaker, how much stronger.
   * It must be a number from 0 to 1, or two of them: the least and the largest.
   */
  factor: number | [number, number];
  /**
   * The smallest and the largest number of a pixel, beyond which results are cut off. The images here go from 0 to 1.
   * It must be two numbers from -1000000 to 1000000: the least and the largest. Default: [0, 255].
   */
  valueRange?: [number, number];
}

/** Puts zeros around the image. */
export interface ZeroPadding2DLayer {
  type: "ZeroPadding2D";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
  /**
   * Rows and columns of zeros: one number for all sides, two for vertical and horizontal, or four: top, bottom, left, right.
   * It must be a whole number from 0 to 1024, two of them, or two pairs: [[top, bottom], [left, right]]. Default: [[1, 1], [1, 1]].
   */
  padding?: number | [number, number] | [[number, number], [number, number]];
}

/** Cuts pixels off the sides of the image. */
export interface Cropping2DLayer {
  type: "Cropping2D";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
  /**
   * Rows and columns cut off: one number for all sides, two for vertical and horizontal, or four: top, bottom, left, right.
   * It must be a whole number from 0 to 1024, two of them, or two pairs: [[top, bottom], [left, right]]. Default: [[0, 0], [0, 0]].
   */
  cropping?: number | [number, number] | [[number, number], [number, number]];
}

/** Repeats each pixel down and right, or sets new ones between: larger images without any weights. */
export interface UpSampling2DLayer {
  type: "UpSampling2D";
  /** The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ... */
  name?: string;
  /** The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input. */
  inputs?: string[];
  /**
   * The factors by which the image grows, down and right.
   * It must be one or two whole numbers from 1 to 1024. Default: [2, 2].
   */
  size?: number | [number, number];
  /**
   * Shown between the middles of pixels: the nearest pixel, or a mixture of the four round the place (bilinear).
   * Default: "nearest".
   */
  interpolation?: Interpolation;
}

export type LayerSpec =
  | Conv2DLayer
  | DepthwiseConv2DLayer
  | SeparableConv2DLayer
  | Conv2DTransposeLayer
  | Conv1DLayer
  | MaxPooling2DLayer
  | AveragePooling2DLayer
  | GlobalAveragePooling2DLayer
  | GlobalMaxPooling2DLayer
  | MaxPooling1DLayer
  | AveragePooling1DLayer
  | GlobalAveragePooling1DLayer
  | GlobalMaxPooling1DLayer
  | SimpleRNNLayer
  | LSTMLayer
  | GRULayer
  | BidirectionalLayer
  | FlattenLayer
  | DenseLayer
  | ActivationLayer
  | DropoutLayer
  | SpatialDropout2DLayer
  | GaussianNoiseLayer
  | BatchNormalizationLayer
  | LayerNormalizationLayer
  | AddLayer
  | MultiplyLayer
  | ConcatenateLayer
  | EmbeddingLayer
  | ReshapeLayer
  | PermuteLayer
  | RescalingLayer
  | RandomTranslationLayer
  | RandomRotationLayer
  | RandomZoomLayer
  | RandomFlipLayer
  | RandomContrastLayer
  | ZeroPadding2DLayer
  | Cropping2DLayer
  | UpSampling2DLayer;

export interface SGDOptimizer {
  type: "SGD";
  /**
   * The size of a step along the gradient.
   * It must be a number of at least 0. Default: 0.01.
   */
  learningRate?: number;
  /**
   * The share of the last update that is added to the next one.
   * It must be a number from 0 to 1. Default: 0.
   */
  momentum?: number;
  /**
   * Look ahead along the momentum before the step.
   * Default: false.
   */
  nesterov?: boolean;
}

export interface RMSpropOptimizer {
  type: "RMSprop";
  /**
   * The size of a step along the gradient.
   * It must be a number of at least 0. Default: 0.001.
   */
  learningRate?: number;
  /**
   * The decay of the mean of the squared gradients: the nearer to 1, the slower it forgets.
   * It must be a number from 0 to less than 1. Default: 0.9.
   */
  rho?: number;
  /**
   * Keeps the division by a small root finite.
   * It must be a number above 0. Default: 1e-7.
   */
  epsilon?: number;
}

export interface AdagradOptimizer {
  type: "Adagrad";
  /**
   * The size of a step along the gradient.
   * It must be a number of at least 0. Default: 0.001.
   */
  learningRate?: number;
  /**
   * The initial value of the sum of the squared gradients.
   * It must be a number of at least 0. Default: 0.1.
   */
  initialAccumulatorValue?: number;
  /**
   * Keeps the division by a small root finite.
   * It must be a number above 0. Default: 1e-7.
   */
  epsilon?: number;
}

export interface AdamOptimizer {
  type: "Adam";
  /**
   * The size of a step along the gradient.
   * It must be a number of at least 0. Default: 0.001.
   */
  learningRate?: number;
  /**
   * The decay of the mean of the gradients: the nearer to 1, the slower it forgets.
   * It must be a number from 0 to less than 1. Default: 0.9.
   */
  beta1?: number;
  /**
   * The decay of the mean of the squared gradients: the nearer to 1, the slower it forgets.
   * It must be a number from 0 to less than 1. Default: 0.999.
   */
  beta2?: number;
  /**
   * Keeps the division by a small root finite.
   * It must be a number above 0. Default: 1e-7.
   */
  epsilon?: number;
}

export interface AdamWOptimizer {
  type: "AdamW";
  /**
   * The size of a step along the gradient.
   * It must be a number of at least 0. Default: 0.001.
   */
  learningRate?: number;
  /**
   * The decay of the mean of the gradients: the nearer to 1, the slower it forgets.
   * It must be a number from 0 to less than 1. Default: 0.9.
   */
  beta1?: number;
  /**
   * The decay of the mean of the squared gradients: the nearer to 1, the slower it forgets.
   * It must be a number from 0 to less than 1. Default: 0.999.
   */
  beta2?: number;
  /**
   * Keeps the division by a small root finite.
   * It must be a number above 0. Default: 1e-7.
   */
  epsilon?: number;
  /**
   * The share that every step subtracts from each weight, times the learning rate.
   * It must be a number of at least 0. Default: 0.004.
   */
  weightDecay?: number;
}

export type OptimizerSpec = SGDOptimizer | RMSpropOptimizer | AdagradOptimizer | AdamOptimizer | AdamWOptimizer;

export interface SparseCategoricalCrossentropyLoss {
  type: "sparse_categorical_crossentropy";
}

export interface MeanSquaredErrorLoss {
  type: "mean_squared_error";
}

export interface MeanAbsoluteErrorLoss {
  type: "mean_absolute_error";
}

export interface HuberLoss {
  type: "huber";
  /**
   * Up to this difference the loss grows with its square, beyond it in a straight line.
   * It must be a number above 0. Default: 1.
   */
  delta?: number;
}

export interface BinaryCrossentropyLoss {
  type: "binary_crossentropy";
}

export type LossSpec =
  | SparseCategoricalCrossentropyLoss
  | MeanSquaredErrorLoss
  | MeanAbsoluteErrorLoss
  | HuberLoss
  | BinaryCrossentropyLoss;

export interface ConstantSchedule {
  type: "Constant";
}

export interface StepSchedule {
  type: "Step";
  /**
   * The number of epochs after which the learning rate is multiplied by the factor.
   * It must be a whole number from 1 to 100000.
   */
  everyEpochs: number;
  /**
   * The factor by which the learning rate is multiplied.
   * It must be a number above 0.
   */
  factor: number;
}

export interface CosineSchedule {
  type: "Cosine";
  /**
   * The learning rate at the end of the half cosine, as a share of the initial one.
   * It must be a number from 0 to 1. Default: 0.
   */
  finalFactor?: number;
}

export interface ExponentialDecaySchedule {
  type: "ExponentialDecay";
  /**
   * The number of steps after which the learning rate has been multiplied by the decay rate once.
   * It must be a whole number from 1 to 100000000.
   */
  decaySteps: number;
  /**
   * The factor by which the learning rate is multiplied in that many steps.
   * It must be a number above 0.
   */
  decayRate: number;
  /**
   * Multiply at once after that many steps, instead of a little at every step.
   * Default: false.
   */
  staircase?: boolean;
}

export type ScheduleSpec = ConstantSchedule | StepSchedule | CosineSchedule | ExponentialDecaySchedule;

export type Activation =
  | "linear"
  | "relu"
  | "leaky_relu"
  | "elu"
  | "sigmoid"
  | "tanh"
  | "gelu"
  | "softplus"
  | "swish"
  | "softmax";

export type BetaInitializer = "glorot_uniform" | "he_normal" | "he_uniform" | "zeros" | "ones";

export type BiasInitializer = "glorot_uniform" | "he_normal" | "he_uniform" | "zeros" | "ones";

export type Conv1DPadding = "valid" | "same" | "causal";

export type DepthwiseInitializer = "glorot_uniform" | "he_normal" | "he_uniform" | "zeros" | "ones";

export type EmbeddingsInitializer = "uniform" | "glorot_uniform" | "he_normal" | "he_uniform" | "zeros" | "ones";

export type FillMode = "reflect" | "constant" | "wrap" | "nearest";

export type GRUActivation = "tanh" | "sigmoid" | "relu" | "linear";

export type GammaInitializer = "glorot_uniform" | "he_normal" | "he_uniform" | "zeros" | "ones";

export type Interpolation = "nearest" | "bilinear";

export type KernelInitializer = "glorot_uniform" | "he_normal" | "he_uniform" | "zeros" | "ones";

export type LSTMActivation = "tanh" | "sigmoid" | "relu" | "linear";

export type MergeMode = "concat" | "sum" | "mul" | "ave";

export type Mode = "horizontal" | "vertical" | "horizontal_and_vertical";

export type Padding = "valid" | "same";

export type PointwiseInitializer = "glorot_uniform" | "he_normal" | "he_uniform" | "zeros" | "ones";

export type RecurrentActivation = "tanh" | "sigmoid" | "relu" | "linear";

export type RecurrentInitializer = "orthogonal" | "glorot_uniform" | "he_normal" | "he_uniform" | "zeros" | "ones";

export type SimpleRNNActivation = "tanh" | "sigmoid" | "relu" | "linear";

/** A metric. */
export type MetricName = "accuracy" | "mean_absolute_error" | "precision" | "recall" | "f1" | "auc";

/** The error with which a Promise is rejected. */
export type ChalkgradError = Error & ErrorReport;

/**
 * Fields of a training configuration to change. Optimizer and schedule may be given by their type alone; as long as the type
 * stays, settings that are left out keep their value. `null` removes an optional field.
 */
export type TrainingChanges = {
  [Field in keyof TrainingConfig]?:
    | (TrainingConfig[Field] extends { type: string }
        ? TrainingConfig[Field]["type"] | Partial<TrainingConfig[Field]>
        : TrainingConfig[Field] extends TextSpec | undefined
          ? Partial<TextSpec>
          : TrainingConfig[Field])
    | ({} extends Pick<TrainingConfig, Field> ? null : never);
};

/** Metrics by name. */
export type MetricValues = Record<string, number>;

/** Metrics by name, with a value for each epoch. */
export type MetricSeries = Record<string, number[]>;

declare global {
  interface Window {
    chalkgrad: Chalkgrad;
  }
  var chalkgrad: Chalkgrad;
}
