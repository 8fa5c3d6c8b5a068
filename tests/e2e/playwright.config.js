// The flows run on dist/ as `cargo xtask build` leaves it; `cargo xtask test --only flows` starts them and sets CHROMIUM.
import { defineConfig } from '@playwright/test';
import { launchOptions } from './browser.js';

export default defineConfig({
  testDir: '.',
  outputDir: '../../test-results',
  // No flow depends on how quick anything is; what does is in benches/.
  workers: 2,
  fullyParallel: true,
  forbidOnly: Boolean(process.env.CI),
  // A flow that needs its second try is a defect to be mended: `cargo xtask test` names it. It must not hide what the other
  // flows say.
  retries: 1,
  // Long, so that only what never comes fails, on however slow a machine.
  timeout: 300_000,
  expect: { timeout: 60_000 },
  // The JSON report is what `cargo xtask test` names failed flows from.
  reporter: [['list'], ['json', { outputFile: '../../test-results/flows.json' }]],
  use: {
    browserName: 'chromium',
    launchOptions,
    viewport: { width: 1280, height: 800 },
    locale: 'en-US',
    trace: 'off',
    screenshot: 'only-on-failure',
  },
});
