// A short set of flows in Firefox, driven over WebDriver BiDi: `cargo xtask test --only firefox`. The other flows run in Chromium.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { chromium } from '@playwright/test';
import puppeteer from 'puppeteer-core';
import { launchOptions } from '../e2e/browser.js';
import { Server } from '../e2e/server.js';

const firefox = process.env.FIREFOX;
const options = firefox ? {} : { skip: 'FIREFOX names no Firefox (Debian: apt-get install firefox-esr)' };
// Long, so that only what never comes fails, on however slow a machine.
const TIMEOUT_MS = 120_000;

let server;
let browser;
let downloads;
let page;
let errors;

before(async () => {
  if (!firefox) return;
  server = await Server.start();
  downloads = fs.mkdtempSync(path.join(os.tmpdir(), 'chalkgrad-downloads-'));
  browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: firefox,
    headless: true,
    extraPrefsFirefox: {
      'browser.download.folderList': 2,
      'browser.download.dir': downloads,
      'browser.download.useDownloadDir': true,
      'browser.download.alwaysOpenPanel': false,
      'intl.accept_languages': 'en-US',
    },
  });
});

after(async () => {
  await browser?.close();
  await server?.stop();
  if (downloads) fs.rmSync(downloads, { recursive: true, force: true });
});

beforeEach(async () => {
  if (!firefox) return;
  // A context of its own: what the page remembers is another flow's otherwise.
  const context = await browser.createBrowserContext();
  page = await context.newPage();
  page.setDefaultTimeout(TIMEOUT_MS);
  await page.setViewport({ width: 1280, height: 800 });
  errors = [];
  page.on('console', (message) => { if (message.type() === 'error') errors.push(message.text()); });
  page.on('pageerror', (error) => errors.push(String(error)));
  await page.goto(server.url);
  await page.evaluate(() => window.chalkgrad.ready);
  await text(/^Looks like \d/);
});

afterEach(async () => {
  if (!firefox) return;
  assert.deepEqual(errors, [], 'errors on the console');
  await page.browserContext().close();
});

/** Waits until an element's own text matches. */
const text = (pattern) =>
  page.waitForFunction(
    (source, flags) => {
      const pattern = new RegExp(source, flags);
      return [...document.querySelectorAll('body *')].some((element) => element.checkVisibility() && pattern.test(element.textContent.trim()));
    },
    {},
    pattern.source,
    pattern.flags,
  );
const press = (name) => page.locator(`aria/${name}[role="button"]`).click();
const call = (method, ...args) => page.evaluate((method, args) => window.chalkgrad[method](...args), method, args);
const layers = async () => (await call('getModel')).layers.map(({ type }) => type);

test('training takes steps, learns, and pauses', options, async () => {
  await press('Train');
  await page.waitForFunction(() => /batch ([2-9]\d|\d{3,}|\d,\d+) of 1,875/.test(document.body.textContent));
  await press('Pause');
  await page.waitForSelector('aria/Train[role="button"]');
  const { loss } = await call('train', { steps: 300 });
  const mean = (losses) => losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  assert.ok(mean(loss.slice(-20)) < 0.7, `the last losses are ${loss.slice(-20)}`);
});

test('the losses are those of Chromium to the last bit', options, async () => {
  await call('setBackend', 'cpu', { workers: 1 });
  const { loss } = await call('train', { steps: 3 });
  const other = await chromium.launch(launchOptions);
  try {
    const page = await other.newPage();
    await page.goto(server.url);
    const losses = await page.evaluate(async () => {
      await window.chalkgrad.ready;
      await window.chalkgrad.setBackend('cpu', { workers: 1 });
      return (await window.chalkgrad.train({ steps: 3 })).loss;
    });
    assert.deepEqual(loss, losses);
  } finally {
    await other.close();
  }
});

test('a digit is drawn with the mouse', options, async () => {
  await press('Clear');
  const pad = await page.$('[aria-label="Pad to draw a digit on"]');
  const { x, y, width, height } = await pad.boundingBox();
  await page.mouse.move(x + width / 2, y + height * 0.2);
  await page.mouse.down();
  for (let down = 0.3; down < 0.85; down += 0.1) await page.mouse.move(x + width / 2, y + height * down);
  await page.mouse.up();
  await text(/^Looks like 1/);
});

test('a layer is removed and brought back', options, async () => {
  const before = await layers();
  await page.locator('.card-place:nth-of-type(2) .card').click();
  await page.keyboard.press('Delete');
  await page.waitForFunction(async (count) => (await window.chalkgrad.getModel()).layers.length === count, {}, before.length - 1);
  await press('Undo');
  await page.waitForFunction(async (count) => (await window.chalkgrad.getModel()).layers.length === count, {}, before.length);
  assert.deepEqual(await layers(), before);
});

test('an experiment is saved to a file and opened again', options, async () => {
  await call('train', { steps: 5 });
  const kernel = () => page.evaluate(async () => Array.from((await window.chalkgrad.tensor('conv2d.kernel')).data));
  const trained = await kernel();
  await press('Save to a file');
  const file = await downloaded();
  await press('Reset');
  await page.waitForFunction(async (first) => (await window.chalkgrad.tensor('conv2d.kernel')).data[0] !== first, {}, trained[0]);
  const [chooser] = await Promise.all([page.waitForFileChooser(), press('Open a file')]);
  await chooser.accept([file]);
  await page.waitForFunction(async (first) => (await window.chalkgrad.tensor('conv2d.kernel')).data[0] === first, {}, trained[0]);
  assert.deepEqual(await kernel(), trained);
});

/** Returns the path of the file that the page has given to the browser, once it is whole. */
async function downloaded() {
  for (;;) {
    const [file, ...others] = fs.readdirSync(downloads);
    if (file && !others.length && !file.endsWith('.part') && fs.statSync(path.join(downloads, file)).size > 0) return path.join(downloads, file);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
