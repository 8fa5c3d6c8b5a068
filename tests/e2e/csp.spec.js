// A server with a strict content security policy.
import { expect, SMALL, test } from './playground.js';

const STRICT = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; worker-src 'self' blob:";

test('works under a strict content security policy, with bars as long as the probabilities', async ({ playground, server }) => {
  const { page } = playground;
  server.headers.set('Content-Security-Policy', STRICT);
  await playground.open();
  await expect(page.getByText('Looks like 3')).toBeVisible();
  const bars = page.locator('.bars tr');
  await expect(bars).toHaveCount(10);
  for (const bar of await bars.all()) {
    await expect(async () => {
      const { share, width } = await bar.evaluate((row) => {
        const fill = row.querySelector('.bar-fill');
        const share = parseFloat(row.lastElementChild.textContent) / 100;
        return { share, width: fill.getBoundingClientRect().width / fill.parentElement.getBoundingClientRect().width };
      });
      expect(Math.abs(width - share)).toBeLessThan(0.02);
    }).toPass();
  }
  await playground.call('setModel', { layers: SMALL });
  expect(await playground.call('train', { steps: 5 })).toMatchObject({ state: 'done', steps: 5 });
  // Everything else that has a style of its own.
  await playground.card('flatten').click();
  await playground.network.getByRole('button', { name: 'Add layer', exact: true }).first().click();
  await expect(page.getByRole('menu')).toBeVisible();
  await page.keyboard.press('Escape');
  await playground.press('Evaluate');
  await expect(page.getByRole('table', { name: 'Confusion matrix' })).toBeVisible();
  for (const tab of await page.getByRole('tab').all()) await tab.click();
  // The playground's own check: no error on the console.
});

test.describe('a policy that forbids WebAssembly', () => {
  test.use({ expectedErrors: { patterns: [/Content Security Policy|unsafe-eval/] } });

  test('is named as the reason', async ({ playground, server }) => {
    server.headers.set('Content-Security-Policy', "default-src 'self'");
    await playground.page.goto(server.url);
    const alert = playground.page.getByRole('alert');
    await expect(alert).toContainText("'wasm-unsafe-eval'");
    await expect(alert).not.toContainText('connection');
    expect(await playground.page.evaluate(() => window.chalkgrad.ready.catch((error) => error.code))).toBe('blocked');
  });
});
