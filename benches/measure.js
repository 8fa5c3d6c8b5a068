// Trains the reference program in the built page and prints its figures: cargo xtask measure [--epochs N] [--steps N] [--seed N]
import { gzipSync } from 'node:zlib';
import fs from 'node:fs';
import { parseArgs } from 'node:util';
import { chromium } from '@playwright/test';
import { launchOptions } from '../tests/e2e/browser.js';
import { Server } from '../tests/e2e/server.js';

const { values: options } = parseArgs({
  options: { epochs: { type: 'string' }, steps: { type: 'string' }, seed: { type: 'string', default: '0' } },
});
const goal = options.steps ? { steps: Number(options.steps) } : { epochs: Number(options.epochs ?? 5) };

const server = await Server.start();
const browser = await chromium.launch(launchOptions);
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.on('console', (message) => message.type() === 'error' && console.error(`console: ${message.text()}`));
  page.on('pageerror', (error) => console.error(`page: ${error}`));
  await page.goto(server.url);
  await page.getByRole('button', { name: 'Train', exact: true }).waitFor();
  const interactive = await page.evaluate(() => performance.now());
  const ready = await page.evaluate(() => window.chalkgrad.ready);
  const readyAfter = await page.evaluate(() => performance.now());
  console.log(`Chromium ${browser.version()}, backend ${ready.backend}: ${ready.detail}`);
  console.log(`interactive after ${interactive.toFixed(0)} ms, engine ready after ${readyAfter.toFixed(0)} ms`);

  // The worker asks for the page's script again; a browser has it in its cache then.
  const code = [...new Set(server.requests.map((request) => request.relative))].filter((relative) => !relative.startsWith('data/'));
  const gzip = code.reduce((sum, relative) => sum + gzipSync(fs.readFileSync(new URL(`../dist/${relative}`, import.meta.url)), { level: 9 }).length, 0);
  console.log(`downloaded without data: ${gzip} bytes gzip in ${code.length} files`);

  await page.evaluate(() => {
    window.longest = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.longest = Math.max(window.longest, entry.duration);
    }).observe({ type: 'longtask' });
    window.reached = 0;
    window.chalkgrad.on('batch', (batch) => { window.reached = batch.step; });
    window.chalkgrad.on('epoch', (epoch) => console.log(`epoch ${JSON.stringify(epoch)}`));
  });
  page.on('console', (message) => message.type() === 'log' && console.log(message.text()));
  const memory = async (step, run) => {
    const reached = page.waitForFunction((step) => window.reached >= step, step, { timeout: 0, polling: 100 });
    if ((await Promise.race([reached.then(() => 'reached'), run.then(() => 'over')])) === 'over') return;
    const bytes = await page.workers()[0].evaluate(() => self.program.memory.buffer.byteLength);
    console.log(`worker's wasm memory after step ${step}: ${bytes} bytes`);
  };
  await page.evaluate((seed) => window.chalkgrad.setTraining({ seed }), Number(options.seed));
  await page.evaluate(() => window.chalkgrad.reset());
  const run = page.evaluate((goal) => window.chalkgrad.train(goal), goal);
  run.catch(() => {});
  await memory(100, run);
  await memory(5000, run);
  const history = await run;
  const losses = history.loss.length;
  console.log(`${history.state}: ${history.steps} steps, ${losses} losses, ${history.seconds.toFixed(1)} s, ${history.imagesPerSecond.toFixed(0)} images/s, last loss ${history.loss[losses - 1]}`);
  console.log(`longest task on the main thread while training: ${await page.evaluate(() => window.longest)} ms (0: none over 50 ms)`);
  const evaluation = await page.evaluate(() => window.chalkgrad.evaluate({ split: 'test' }));
  console.log(`Test accuracy: ${evaluation.accuracy} (loss ${evaluation.loss}, ${evaluation.samples} images)`);
} finally {
  await browser.close();
  await server.stop();
}
