// Growth of time and memory of a training step with batch, width, depth and workers: `cargo xtask bench growth`.
import fs from 'node:fs';
import path from 'node:path';
import { lineChart } from './line_chart.js';
import { flops, spec } from './models.js';

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const conv = (filters) => ({ type: 'conv', filters, kernel: 3 });
const pool = { type: 'pool', size: 2 };
const dense = (units) => ({ type: 'dense', units });
const cnn = (width) => [conv(32 * width), pool, conv(64 * width), pool, conv(64 * width), dense(64 * width), dense(10)];
/** So many convolutions one after the other, all of the same width. */
const deep = (depth) => [...Array.from({ length: depth }, () => conv(32)), pool, dense(10)];

const series = (threads) => [
  { name: 'batch', unit: 'images in a batch', points: [1, 2, 4, 8, 16, 32, 64, 128, 250, 500, 1000].map((batch) => ({ at: batch, layers: cnn(1), batch, workers: 1 })) },
  { name: 'width', unit: 'filters of the first layer', points: [0.25, 0.5, 1, 2, 4].map((width) => ({ at: 32 * width, layers: cnn(width), batch: 32, workers: 1 })) },
  { name: 'depth', unit: 'convolutions of 32 filters', points: [1, 2, 3, 4, 6, 8, 10].map((depth) => ({ at: depth, layers: deep(depth), batch: 32, workers: 1 })) },
  {
    name: 'workers',
    unit: 'workers',
    points: [...new Set([1, 2, 3, 4, threads])].sort((a, b) => a - b).map((workers) => ({ at: workers, layers: cnn(1), batch: 32, workers })),
  },
];

export async function measureGrowth(browser, server, { rounds, budgetMs, out, machine }) {
  const results = [];
  for (const { name, unit, points } of series(machine.threads)) {
    const pages = [];
    for (const point of points) pages.push(await open(browser, server, point));
    // Round after round, so that whatever else the machine does meets all points of a curve.
    const rates = points.map(() => []);
    for (let round = 0; round < rounds; round += 1) {
      for (const [index, page] of pages.entries()) rates[index].push(await measure(page, points[index], budgetMs));
    }
    const rows = [];
    for (const [index, { at, layers, batch }] of points.entries()) {
      const flopsPerImage = flops(layers, 'training');
      const imagesPerSecond = median(rates[index]);
      const memory = (await Promise.all(pages[index].workers().map(memoryOf))).filter(Boolean);
      rows.push({
        [name]: at,
        imagesPerSecond: Math.round(imagesPerSecond),
        msPerStep: Number(((batch * 1000) / imagesPerSecond).toPrecision(3)),
        mflopsPerImage: Number((flopsPerImage / 1e6).toPrecision(3)),
        gflopsPerSecond: Number(((flopsPerImage * imagesPerSecond) / 1e9).toPrecision(3)),
        memoryMB: Number((memory.reduce((sum, bytes) => sum + bytes, 0) / 1e6).toPrecision(3)),
      });
      await pages[index].close();
    }
    console.log(`\n${name}`);
    console.table(rows);
    results.push({ name, unit, rows });
  }
  fs.mkdirSync(out, { recursive: true });
  fs.writeFileSync(path.join(out, 'growth.json'), `${JSON.stringify({ machine, results }, null, 1)}\n`);
  for (const { name, unit, rows } of results) {
    const curves = [
      { label: 'ms per step', of: 'msPerStep' },
      { label: 'images per second', of: 'imagesPerSecond' },
      { label: 'GFLOP/s', of: 'gflopsPerSecond' },
      { label: 'memory, MB', of: 'memoryMB' },
    ];
    const panels = curves.map(({ label, of }) => ({ label, points: rows.map((row) => [row[name], row[of]]) }));
    fs.writeFileSync(path.join(out, `growth-${name}.svg`), lineChart(panels, unit));
  }
  console.log(`Written: ${path.join(out, 'growth.json')} and growth-*.svg`);
}

async function open(browser, server, { layers, batch, workers }) {
  const page = await browser.newPage();
  await page.goto(server.url);
  await page.evaluate(() => window.chalkgrad.ready);
  await page.evaluate(
    async ([model, batchSize, workers]) => {
      const { chalkgrad } = window;
      await chalkgrad.setBackend('cpu', { workers });
      await chalkgrad.setModel(model);
      await chalkgrad.setTraining({ batchSize });
      await chalkgrad.train({ steps: 2 }); // Plans are made and memory is taken.
    },
    [spec(layers), batch, workers],
  );
  return page;
}

const measure = (page, { batch }, budgetMs) =>
  page.evaluate(
    async ([batch, budgetMs]) => {
      const { chalkgrad } = window;
      const first = await chalkgrad.train({ steps: 1 });
      const steps = Math.max(1, Math.round(budgetMs / 1000 / Math.max(first.seconds, 1e-4)));
      return (await chalkgrad.train({ steps })).imagesPerSecond;
    },
    [batch, budgetMs],
  );

/** WebAssembly memory of the engine or of a replica; it never shrinks. */
const memoryOf = (worker) => worker.evaluate(() => self.program?.memory.buffer.byteLength ?? 0).catch(() => 0);
