// Measures bytes to download, the time until the page is interactive, and the time from Train to the first step.
import fs from 'node:fs';
import { gzipSync } from 'node:zlib';

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

export async function measureLoad(browser, server, rounds) {
  const times = { interactive: [], engine: [], firstStep: [] };
  for (let round = 0; round < rounds; round += 1) {
    server.requests.length = 0;
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    const page = await context.newPage();
    await page.goto(server.url);
    const train = page.getByRole('button', { name: 'Train', exact: true });
    await train.waitFor();
    times.interactive.push(await page.evaluate(() => performance.now()));
    await page.evaluate(() => window.chalkgrad.ready);
    times.engine.push(await page.evaluate(() => performance.now()));
    const firstStep = page.evaluate(
      () => new Promise((resolve) => {
        let pressed;
        document.addEventListener('click', () => { pressed = performance.now(); }, { capture: true, once: true });
        window.chalkgrad.on('batch', () => resolve(performance.now() - pressed));
      }),
    );
    await train.click();
    times.firstStep.push(await firstStep);
    await context.close();
  }
  const names = [...new Set(server.requests.map((request) => request.relative))];
  const size = (relative) => gzipSync(fs.readFileSync(new URL(`../../dist/${relative}`, import.meta.url)), { level: 9 }).length;
  const code = names.filter((name) => !name.startsWith('data/') && fs.existsSync(new URL(`../../dist/${name}`, import.meta.url)));
  console.log(`downloaded but for the data: ${code.reduce((sum, name) => sum + size(name), 0)} bytes gzip in ${code.length} files`);
  for (const [what, all] of Object.entries(times)) {
    const label = { interactive: 'until interactive', engine: 'until the engine answers', firstStep: 'from Train to the first step' }[what];
    console.log(`${label}: median ${median(all).toFixed(0)} ms, ${Math.min(...all).toFixed(0)} to ${Math.max(...all).toFixed(0)}`);
  }
}
