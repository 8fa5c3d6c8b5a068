// The flows run on dist/ as `cargo xtask build` leaves it; `cargo xtask test --only flows` starts them and sets CHROMIUM.
import { defineConfig } from '@playwright/test';
import { launchOptions } from './browser.js';

export default defineConfig({
  testDir: '.',
  outputDir: '../../test-results',
  // One at a time: every page trains, and timings are part of what is tested.
  workers: 1,
  fullyParallel: false,
  forbidOnly: Boolean(process.env.CI),
  // A shared machine may stall in the middle of a flow. One that passes only the second time is listed as flaky.
  retries: process.env.CI ? 1 : 0,
  timeout: 180_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  use: {
    browserName: 'chromium',
    launchOptions,
    viewport: { width: 1280, height: 800 },
    locale: 'en-US',
    trace: 'off',
    screenshot: 'only-on-failure',
  },
});
