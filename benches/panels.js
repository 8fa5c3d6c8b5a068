// Measures how much each open panel slows training down: cargo xtask panels [--rounds N] [--seconds N]
// Each panel takes turns with the page in its plain state (Settings, and the log), so that other load on the machine
// affects both.
import os from 'node:os';
import { parseArgs } from 'node:util';
import { chromium } from '@playwright/test';
import { launchOptions } from '../tests/e2e/browser.js';
import { Server } from '../tests/e2e/server.js';

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, seconds: { type: 'string', default: '3' } },
});
const BATCH_SIZE = 32;
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

const server = await Server.start();
const browser = await chromium.launch(launchOptions);
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.on('console', (message) => message.type() === 'error' && console.error(`console: ${message.text()}`));
  page.on('pageerror', (error) => console.error(`page: ${error}`));
  await page.goto(server.url);
  await page.evaluate(() => window.chalkgrad.ready);
  const views = page.getByRole('group', { name: 'What to look at' }).getByRole('button');
  const inspect = (name) => views.filter({ hasText: new RegExp(`^${name}$`) }).click();
  const dock = (name) => page.getByRole('tab', { name, exact: true }).click();
  await page.getByRole('region', { name: 'Network' }).getByRole('button', { name: /\bconv2d_1\b/ }).first().click();
  await page.getByRole('button', { name: 'Sample digit, a 4' }).click();
  // Mistakes and confusion have something to show.
  await page.evaluate(() => window.chalkgrad.train({ steps: 200 }));
  await page.getByRole('button', { name: 'Evaluate', exact: true }).click();
  await page.getByRole('table', { name: 'Confusion matrix' }).waitFor({ state: 'attached', timeout: 60_000 }).catch(() => {});

  await page.evaluate(() => {
    window.longest = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.longest = Math.max(window.longest, entry.duration);
    }).observe({ type: 'longtask' });
    window.reached = 0;
    window.chalkgrad.on('batch', (batch) => { window.reached = batch.step; });
    window.chalkgrad.train({ epochs: 1000 }).catch(() => {});
  });
  const imagesPerSecond = () =>
    page.evaluate(
      async ([seconds, batchSize]) => {
        const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
        await wait(500);
        const [step, begin] = [window.reached, performance.now()];
        await wait(seconds * 1000);
        return ((window.reached - step) * batchSize * 1000) / (performance.now() - begin);
      },
      [Number(options.seconds), BATCH_SIZE],
    );
  const longestSince = () => page.evaluate(() => { const { longest } = window; window.longest = 0; return longest; });
  const inspectors = await views.allInnerTexts();
  const docks = await page.getByRole('tab').allInnerTexts();
  const panels = [
    ...inspectors.filter((name) => name !== 'Settings').map((name) => [name, () => inspect(name), () => inspect('Settings')]),
    ...docks.filter((name) => name !== 'Log').map((name) => [name, () => dock(name), () => dock('Log')]),
    // The trail of a step that is over stays, and asks for nothing while it trains.
    ['See inside', () => page.getByRole('button', { name: 'Follow a gradient' }).click(), () => page.getByRole('button', { name: 'Close this view' }).click()],
  ];
  await inspect('Settings');
  await dock('Log');
  await longestSince();
  console.log(`${os.cpus().length} cores, load ${os.loadavg()[0].toFixed(1)}, Chromium ${browser.version()}; images/s, medians of ${options.rounds} rounds`);
  for (const [name, open, close] of panels) {
    const [closed, opened, longest] = [[], [], []];
    for (let round = 0; round < Number(options.rounds); round += 1) {
      closed.push(await imagesPerSecond());
      await longestSince();
      await open();
      opened.push(await imagesPerSecond());
      longest.push(await longestSince());
      await close();
    }
    // Ratios within a round: what disturbs one disturbs its neighbour.
    const share = median(opened.map((rate, round) => rate / closed[round]));
    console.log(
      `${name.padEnd(12)} open ${median(opened).toFixed(0).padStart(6)}  closed ${median(closed).toFixed(0).padStart(6)}  ` +
        `${(100 * (share - 1)).toFixed(1).padStart(6)} %   longest task ${Math.max(...longest)} ms (0: none over 50 ms)`,
    );
  }
} finally {
  await browser.close();
  await server.stop();
}
