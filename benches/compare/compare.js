// Trains, evaluates and predicts side by side with others, in turn on this machine: `cargo xtask bench`.
// Everybody gets the same time in every round, so that whatever else the machine does meets all of them.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from '@playwright/test';
import { launchOptions } from '../../tests/e2e/browser.js';
import { Server } from '../../tests/e2e/server.js';
import { chart } from './chart.js';
import { measureEpochs } from './epochs.js';
import { measureGrowth } from './growth.js';
import { measureLoad } from './load.js';
import { flops, MODELS, shapes, spec } from './models.js';
import { servePeers } from './peers.js';
import { startPython } from './python.js';

const list = (text) => text.split(',').filter(Boolean);
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    models: { type: 'string', default: Object.keys(MODELS).join(',') },
    batches: { type: 'string', default: '1,32,250' },
    tasks: { type: 'string', default: 'training,evaluation,prediction' },
    only: { type: 'string', default: '' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '1' },
    limit: { type: 'string', default: '60' },
    webgpu: { type: 'boolean', default: false },
    // A folder with the page as another commit builds it, to tell what a change costs.
    before: { type: 'string' },
    python: { type: 'string', default: 'python3' },
    out: { type: 'string', default: 'target/bench' },
  },
});
const rounds = Number(options.rounds);
const budgetMs = Number(options.seconds) * 1000;
const limitMs = Number(options.limit) * 1000;
const threads = os.availableParallelism();
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const root = fileURLToPath(new URL('../../', import.meta.url));

const within = (promise, what) => {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${limitMs / 1000} s`)), limitMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};

// A browser that emulates OpenGL draws the pages with it as well, on the very cores that train: only who needs it gets it.
const emulations = {
  webgl: ['--use-gl=angle', '--use-angle=swiftshader'],
  webgpu: ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
};
const awake = ['--disable-background-timer-throttling', '--disable-renderer-backgrounding', '--disable-backgrounding-occluded-windows'];
const launch = (more = []) => chromium.launch({ ...launchOptions, args: [...launchOptions.args, ...awake, ...more] });
const browser = await launch();
const emulating = {};
const browserFor = async (backend) =>
  backend in emulations ? (emulating[backend] ??= await launch(emulations[backend])) : browser;
const server = await Server.start();
const before = options.before === undefined ? undefined : await Server.start(path.resolve(options.before));
// Only the comparison, which has no word of its own, needs the other libraries.
const peers = positionals.length ? undefined : await servePeers(path.join(root, 'target', 'peers'));

/** The built page, or that of another commit: `relaxed` or baseline SIMD with a number of workers, or WebGPU. */
function ours({ relaxed, workers, backend = 'cpu', from = server }) {
  const build = relaxed ? 'relaxed' : 'baseline';
  const own = from === before ? 'chalkgrad before' : 'chalkgrad';
  return {
    name: backend === 'webgpu' ? `${own}, WebGPU` : `${own}, ${build}, ${workers} worker${workers > 1 ? 's' : ''}`,
    cores: workers,
    peak: backend === 'cpu' ? build : undefined,
    async open() {
      const page = await (await browserFor(backend)).newPage();
      if (!relaxed && backend === 'cpu') {
        // As a browser without relaxed SIMD: the page asks before it chooses.
        await page.addInitScript(() => { WebAssembly.validate = (bytes) => bytes.length < 35; });
      }
      await page.goto(from.url);
      await page.evaluate(() => window.chalkgrad.ready);
      await page.evaluate(([backend, workers]) => window.chalkgrad.setBackend(backend, backend === 'cpu' ? { workers } : {}), [backend, workers]);
      return page;
    },
    measure: (page, { model, batch, task, batches }) =>
      page.evaluate(
        async ({ spec, batch, task, batches }) => {
          const { chalkgrad } = window;
          const key = JSON.stringify([spec, batch]);
          if (window.set !== key) {
            await chalkgrad.setModel(spec);
            await chalkgrad.setTraining({ batchSize: batch });
            window.set = key;
          }
          const pixels = new Float32Array(batch * 784).map((_, i) => ((i * 0.618) % 1));
          const start = performance.now();
          if (task === 'training') await chalkgrad.train({ steps: batches });
          else if (task === 'evaluation') await chalkgrad.evaluate({ samples: Math.min(10_000, batch * batches) });
          else for (let i = 0; i < batches; i += 1) await chalkgrad.predict(pixels);
          return performance.now() - start;
        },
        { spec: spec(model), batch, task, batches },
      ),
    mostBatches: ({ batch, task }) => (task === 'evaluation' ? Math.floor(10_000 / batch) : 100_000),
    close: (page) => page.close(),
  };
}

/** Another library in a page of its own. */
function inBrowser(library, backend) {
  return {
    name: backend ? `${library}, ${backend}` : library,
    async open() {
      const page = await (await browserFor(backend)).newPage();
      page.on('pageerror', (error) => { page.failure = String(error); });
      await page.goto(`${peers.url}${library}.html`);
      await page.waitForFunction('window.isReady', null, { timeout: 60_000 });
      return page;
    },
    measure: (page, { model, batch, task, batches }) =>
      page.evaluate((setting) => window.measure(setting), { backend, model, layers: shapes(model), batch, task, batches }),
    mostBatches: () => 100_000,
    close: (page) => page.close(),
  };
}

/** PyTorch or Keras in a process of its own, where Python has it. */
function native(library, count) {
  return {
    name: `${library}, native, ${count} thread${count > 1 ? 's' : ''}`,
    open: () => startPython(options.python, library, count),
    async measure(python, { model, batch, task, batches }) {
      return (await python.ask({ layers: shapes(model), batch, task, batches })).ms;
    },
    mostBatches: () => 100_000,
    close: (python) => python.stop(),
  };
}

const counts = threads > 1 ? [1, threads] : [1];
const all = [
  ...counts.flatMap((workers) => [ours({ relaxed: true, workers }), ours({ relaxed: false, workers })]),
  ...(before ? counts.map((workers) => ours({ relaxed: true, workers, from: before })) : []),
  ...(options.webgpu ? [ours({ backend: 'webgpu', workers: 1 })] : []),
  inBrowser('jaxjs', 'wasm'),
  ...(options.webgpu ? [inBrowser('jaxjs', 'webgpu')] : []),
  ...['wasm', 'webgl', 'cpu', ...(options.webgpu ? ['webgpu'] : [])].map((backend) => inBrowser('tfjs', backend)),
  inBrowser('convnetjs'),
  ...counts.map((count) => native('torch', count)),
  native('keras', threads),
];
const wanted = list(options.only);
const contestants = all.filter(({ name }) => !wanted.length || wanted.some((part) => name.includes(part)));

async function peak() {
  const page = await browser.newPage();
  await page.goto(`${peers.url}peak.html`);
  await page.waitForFunction('window.isReady');
  const peaks = await page.evaluate((threads) => window.measurePeak(threads), threads);
  await page.close();
  return peaks;
}

/** All rounds of one setting; who fails says why and is out of it. */
async function compare(setting, opened) {
  const racing = [];
  const failed = [];
  for (const contestant of contestants) {
    const { name } = contestant;
    try {
      if (!opened.has(name)) opened.set(name, await within(contestant.open(), 'starting'));
      const handle = opened.get(name);
      if (handle instanceof Error) throw handle;
      // Twice: the first one compiles.
      await within(contestant.measure(handle, { ...setting, batches: 1 }), 'the first batch');
      const onceMs = await within(contestant.measure(handle, { ...setting, batches: 1 }), 'a batch');
      const batches = Math.max(1, Math.min(contestant.mostBatches(setting), Math.round(budgetMs / Math.max(onceMs, 0.01))));
      racing.push({ contestant, handle, batches, rates: [] });
    } catch (error) {
      const message = String(error.message ?? error).split('\n')[0];
      if (!opened.has(name)) opened.set(name, error);
      failed.push({ name, error: message });
      console.log(`  ${name}: cannot (${message})`);
    }
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const racer of [...racing]) {
      let ms;
      try {
        ms = await within(racer.contestant.measure(racer.handle, { ...setting, batches: racer.batches }), 'a round');
      } catch (error) {
        racing.splice(racing.indexOf(racer), 1);
        failed.push({ name: racer.contestant.name, error: String(error.message ?? error).split('\n')[0] });
        console.log(`  ${racer.contestant.name}: gave up (${failed.at(-1).error})`);
        continue;
      }
      racer.rates.push((setting.batch * racer.batches * 1000) / ms);
      // A first guess from one batch can be far off.
      racer.batches = Math.max(1, Math.min(racer.contestant.mostBatches(setting), Math.round((racer.batches * budgetMs) / Math.max(ms, 1))));
    }
  }
  return { racing, failed };
}

function report(setting, { racing, failed }, peaks) {
  const cost = flops(setting.model, setting.task) / 1e9;
  const own = bestOf(racing);
  const rows = racing.map(({ contestant, rates }) => {
    const rate = median(rates);
    const peak = contestant.peak && peaks[contestant.peak];
    const top = peak && (contestant.cores > 1 ? peak.all : peak.one);
    return {
      name: contestant.name,
      median: rate,
      minimum: Math.min(...rates),
      rates,
      gflops: rate * cost,
      share: top ? (rate * cost) / top : undefined,
      // Ratios within a round: what disturbs one disturbs its neighbour.
      ours: own && median(own.rates.map((best, round) => best / rates[round])),
    };
  });
  console.log(`\n${setting.model}, ${setting.task}, batch ${setting.batch}: ${(cost * 1e3).toFixed(2)} MFLOP an image`);
  console.log(`  ${'images/s'.padStart(41)} ${'minimum'.padStart(9)} ${'ours is'.padStart(9)} ${'GFLOP/s'.padStart(8)} ${'of peak'.padStart(8)}`);
  const digits = (value) => (value < 100 ? value.toFixed(1) : value.toFixed(0));
  for (const row of rows) {
    const ours = row.ours ? `${row.ours.toFixed(row.ours < 10 ? 2 : 0)} x` : '';
    const share = row.share ? `${(row.share * 100).toFixed(0)} %` : '';
    console.log(`  ${row.name.padEnd(31)} ${digits(row.median).padStart(9)} ${digits(row.minimum).padStart(9)} ${ours.padStart(9)} ${row.gflops.toFixed(2).padStart(8)} ${share.padStart(8)}`);
  }
  return { ...setting, flopsPerImage: cost * 1e9, rows, failed };
}

/** Ours is what the page would choose: the fastest of our builds on the CPU, or WebGPU where that is all there is of ours. */
function bestOf(racing) {
  const onCpu = racing.filter(({ contestant }) => contestant.peak);
  const own = onCpu.length ? onCpu : racing.filter(({ contestant }) => contestant.name.startsWith('chalkgrad'));
  return own.sort((a, b) => median(b.rates) - median(a.rates))[0];
}

/** Describes the machine and the programs of the figures. */
function describe() {
  const machine = { cpu: os.cpus()[0].model, threads, chromium: browser.version(), node: process.version, load: os.loadavg()[0] };
  console.log(`${machine.cpu}, ${threads} threads, Chromium ${machine.chromium}; load ${machine.load.toFixed(1)}${machine.load > 0.5 ? ': other work disturbs the figures' : ''}`);
  return machine;
}

try {
  if (positionals[0] === 'load') {
    await measureLoad(browser, server, rounds);
  } else if (positionals[0] === 'epochs') {
    describe();
    await measureEpochs(browser, server, { epochs: rounds, python: options.python, threads, root });
  } else if (positionals[0] === 'growth') {
    const machine = describe();
    await measureGrowth(browser, server, { rounds, budgetMs, out: path.resolve(root, options.out), machine });
  } else {
    const machine = describe();
    const peaks = await peak();
    for (const [build, { one, all }] of Object.entries(peaks)) {
      console.log(`peak, ${build} SIMD: ${one.toFixed(1)} GFLOP/s on one core, ${all.toFixed(1)} on ${threads}`);
    }
    const opened = new Map();
    const results = [];
    for (const model of list(options.models)) {
      for (const batch of list(options.batches).map(Number)) {
        for (const task of list(options.tasks)) {
          // A single image is predicted; more are evaluated.
          if ((task === 'prediction') !== (batch === 1) && task !== 'training') continue;
          const setting = { model, batch, task };
          results.push(report(setting, await compare(setting, opened), peaks));
        }
      }
    }
    for (const contestant of contestants) {
      const handle = opened.get(contestant.name);
      if (handle && !(handle instanceof Error)) await contestant.close(handle);
    }
    const folder = path.resolve(root, options.out);
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, 'compare.json'), `${JSON.stringify({ machine, peaks, results }, null, 1)}\n`);
    fs.writeFileSync(path.join(folder, 'compare.svg'), chart(results, machine));
    console.log(`\nWritten: ${path.join(options.out, 'compare.json')} and compare.svg`);
  }
} finally {
  await browser.close();
  await Promise.all(Object.values(emulating).map((other) => other.close()));
  await server.stop();
  await before?.stop();
  await peers?.stop();
}
