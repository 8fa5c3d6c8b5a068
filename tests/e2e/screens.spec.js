// Screenshots of the page in use, at every width, in both themes and languages, kept in test-results/screens for people to look at.
import { expect, SMALL, test } from './playground.js';

const SIZES = [[1440, 900], [1366, 768], [1280, 800], [1024, 768], [390, 844], [3840, 2160]];

for (const [width, height] of SIZES) {
  test(`the page in use, ${width} pixels wide`, async ({ playground }) => {
    const { page } = playground;
    await page.setViewportSize({ width, height });
    await playground.open();
    await playground.call('setModel', { layers: SMALL });
    await playground.call('setTraining', { trainSamples: 2000, epochs: 2, validationSplit: 0.1 });
    await playground.call('train', {});
    await playground.show('network');
    await playground.card('dense').click();
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      for (const [language, name] of [['en', 'English'], ['zh', '中文']]) {
        await page.getByRole('button', { name }).click();
        await expect(page.locator('html')).toHaveAttribute('lang', language === 'en' ? 'en' : /^zh/);
        for (const part of width < 720 ? ['input', 'network', 'results', 'training'] : ['all']) {
          if (part !== 'all') await playground.show(part);
          // No chart is squeezed to nothing where they stand one below the other.
          const charts = await page.locator('.chart canvas').evaluateAll((all) => all.filter((canvas) => canvas.checkVisibility()).map((canvas) => canvas.clientHeight));
          expect(charts.filter((height) => height < 150)).toEqual([]);
          await page.screenshot({ path: `test-results/screens/${width}-${colorScheme}-${language}-${part}.png` });
        }
      }
    }
  });
}
