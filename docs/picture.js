// Records docs/playground.webp from dist/, with Chromium and img2webp (Debian: webp):
//   cargo xtask build && node docs/picture.js
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from '@playwright/test';
import { launchOptions } from '../tests/e2e/browser.js';
import { Playground } from '../tests/e2e/playground.js';
import { Server } from '../tests/e2e/server.js';

const FIVE = [[0.66, 0.2], [0.4, 0.2], [0.37, 0.46], [0.55, 0.43], [0.66, 0.55], [0.63, 0.72], [0.5, 0.8], [0.34, 0.74]];

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'chalkgrad-picture-'));
const server = await Server.start();
const browser = await chromium.launch(launchOptions);
const page = await browser.newPage({ viewport: { width: 1280, height: 940 } });
const playground = new Playground(page, server);
const frames = [];
const frame = async (durationMs) => {
  const file = path.join(folder, `${String(frames.length).padStart(3, '0')}.png`);
  await page.screenshot({ path: file });
  frames.push('-d', String(durationMs), file);
};

await playground.open();
const box = await playground.pad.boundingBox();
for (const [index, [x, y]] of FIVE.entries()) {
  await page.mouse.move(box.x + x * box.width, box.y + y * box.height, { steps: 6 });
  if (index === 0) await page.mouse.down();
  else await frame(90);
}
await page.mouse.up();
await page.mouse.move(640, 300);
await page.waitForTimeout(500);
await frame(900);
await playground.press('Train');
for (let shot = 0; shot < 12; shot++) {
  await page.waitForTimeout(900);
  await frame(220);
}
await playground.card('conv2d').click();
for (const view of ['Weights', 'Activations', 'Gradients']) {
  await page.getByRole('group', { name: 'What to look at' }).getByRole('button', { name: view }).click();
  for (let shot = 0; shot < 4; shot++) {
    await page.waitForTimeout(800);
    await frame(shot === 3 ? 800 : 250);
  }
}
await page.getByRole('group', { name: 'What to look at' }).getByRole('button', { name: 'Formula' }).click();
await page.waitForTimeout(1000);
await frame(1800);
await browser.close();
await server.stop();

const picture = fileURLToPath(new URL('playground.webp', import.meta.url));
const made = spawnSync('img2webp', ['-loop', '0', '-kmax', '12', '-lossy', '-q', '50', '-m', '4', ...frames, '-o', picture], { stdio: 'inherit' });
if (made.status !== 0) throw new Error('img2webp failed; on Debian, install the package webp');
console.log(`${picture}: ${(fs.statSync(picture).size / 1000).toFixed(0)} KB`);
