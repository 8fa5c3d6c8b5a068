// Measures training speed by the number of workers in the built page: cargo xtask scaling [--workers 1,2] [--steps N]
// [--rounds N]
// The counts take turns, so that other load on the machine affects all of them. Both builds of the program are measured
// if the browser supports both. The capacity of the machine is measured beside them: as many pages as the most workers,
// each training by itself at the same time, because cores that share memory, power or a host do not scale with their
// number.
import fs from 'node:fs';
import os from 'node:os';
import { parseArgs } from 'node:util';
import { chromium } from '@playwright/test';
import { launchOptions } from '../tests/e2e/browser.js';
import { Server } from '../tests/e2e/server.js';

const { values: options } = parseArgs({
  options: {
    workers: { type: 'string', default: '1,2' },
    steps: { type: 'string', default: '100' },
    rounds: { type: 'string', default: '5' },
  },
});
const counts = options.workers.split(',').map(Number);
const steps = Number(options.steps);
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

const server = await Server.start();
const browser = await chromium.launch(launchOptions);
try {
  const open = async (baseline) => {
    const page = await browser.newPage();
    page.on('pageerror', (error) => console.error(`page: ${error}`));
    if (baseline) {
      // As a browser without relaxed SIMD: the page asks before it chooses.
      await page.addInitScript(() => { WebAssembly.validate = (bytes) => bytes.length < 35; });
    }
    await page.goto(server.url);
    await page.evaluate(() => window.chalkgrad.ready);
    return page;
  };
  const hasRelaxed = fs.readdirSync(new URL('../dist/', import.meta.url)).some((name) => name.includes('relaxed'));
  const most = Math.max(...counts);
  const builds = hasRelaxed ? { baseline: await open(true), relaxed: await open(false) } : { baseline: await open(true) };
  const train = (page, workers) =>
    page.evaluate(
      async ([workers, steps]) => {
        const { detail } = await window.chalkgrad.setBackend('cpu', { workers });
        await window.chalkgrad.reset();
        await window.chalkgrad.train({ steps: 5 });
        return [(await window.chalkgrad.train({ steps })).imagesPerSecond, detail];
      },
      [workers, steps],
    );
  const others = {};
  for (const build of Object.keys(builds)) {
    others[build] = [];
    for (let index = 1; index < most; index += 1) others[build].push(await open(build === 'baseline'));
  }
  const rates = {};
  for (let round = 0; round <= Number(options.rounds); round += 1) {
    for (const [build, page] of Object.entries(builds)) {
      for (const workers of counts) {
        const [rate, detail] = await train(page, workers);
        if (round === 0) console.log(`${build}: ${detail}`); // The first round warms up.
        else (rates[`${build}, ${workers}`] ??= []).push(rate);
      }
      const alone = await Promise.all([page, ...others[build]].map((each) => train(each, 1)));
      if (round > 0) (rates[`${build}, apart`] ??= []).push(alone.reduce((sum, [rate]) => sum + rate, 0));
    }
  }
  console.log(`\nreference CNN, batch 32, images/s over ${steps} steps; ${os.cpus().length} cores, load ${os.loadavg()[0].toFixed(1)}, Chromium ${browser.version()}`);
  for (const build of Object.keys(builds)) {
    for (const workers of [...counts, 'apart']) {
      const own = rates[`${build}, ${workers}`];
      // Ratios within a round: what disturbs one disturbs its neighbour.
      const ratio = median(own.map((rate, round) => rate / rates[`${build}, ${counts[0]}`][round]));
      const range = `${Math.min(...own).toFixed(0)} to ${Math.max(...own).toFixed(0)}`;
      const what = workers === 'apart' ? `${most} pages at once, a worker each` : `workers ${workers}`;
      console.log(`${build.padEnd(9)} ${what}: median ${median(own).toFixed(0)} (${range}), ${ratio.toFixed(2)} times ${counts[0]} worker`);
    }
  }
} finally {
  await browser.close();
  await server.stop();
}
