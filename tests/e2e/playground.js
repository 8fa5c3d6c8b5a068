// The page as the flows see it: by its accessible names, and by its public API.
import AxeBuilder from '@axe-core/playwright';
import { test as base, expect } from '@playwright/test';
import { Server } from './server.js';

export { expect };

export const test = base.extend({
  /** Console errors that a flow causes on purpose. */
  expectedErrors: [{ patterns: [] }, { option: true }],

  server: async ({}, use) => {
    const server = await Server.start();
    await use(server);
    await server.stop();
  },

  playground: async ({ page, server, expectedErrors }, use) => {
    const errors = [];
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(`${message.text()} (${message.location().url})`);
    });
    page.on('pageerror', (error) => errors.push(String(error)));
    await use(new Playground(page, server));
    const unexpected = errors.filter((error) => !expectedErrors.patterns.some((pattern) => pattern.test(error)));
    expect(unexpected, 'errors on the console').toEqual([]);
  },
});

export class Playground {
  constructor(page, server) {
    this.page = page;
    this.server = server;
    this.network = page.getByRole('region', { name: 'Network' });
    this.pad = page.getByLabel('Pad to draw a digit on');
    this.alerts = page.getByRole('alert');
    this.retry = page.getByRole('button', { name: 'Try again' });
  }

  /** Opens the page and waits until the engine answers. */
  async open() {
    await this.page.goto(this.server.url);
    await this.page.evaluate(() => window.chalkgrad.ready);
  }

  /** A button by its exact accessible name: Train, Pause, Step, Reset, Evaluate, Undo, Redo, Clear, ... */
  button(name) {
    return this.page.getByRole('button', { name, exact: true });
  }

  /** Opens the rest of the training form, if it is closed. */
  async showAllSettings() {
    await this.page.locator('.training details.more').first().evaluate((details) => { details.open = true; });
  }

  press(name) {
    return this.button(name).first().click();
  }

  /** On a phone, opens a part of the page: `input`, `network`, `results` or `training`. Elsewhere all are in view. */
  async show(part) {
    const button = this.page.locator(`#part-${part}`);
    if (await button.isVisible()) await button.click();
  }

  /** Opens what a phone keeps under "More actions": Epoch, Reset and Evaluate. */
  async showActions() {
    const more = this.page.locator('.run-row .icon-button[aria-expanded="false"]');
    if (await more.isVisible()) await more.click();
  }

  /** The card of a layer, by the name that the API uses: conv2d, max_pooling2d, dense_1, ... */
  card(name) {
    return this.network.getByRole('button', { name: new RegExp(`\\b${name}\\b`) }).first();
  }

  /** Opens the menu in the gap before layer `place` (from 0) and picks a type. */
  async addLayer(place, type) {
    await this.network.getByRole('button', { name: 'Add layer', exact: true }).nth(place).click();
    await this.page.getByRole('menuitem', { name: new RegExp(`^${type}\\b`) }).click();
  }

  /** Gathers tasks of the main thread over 50 ms from now on, in ms, in `window.longTasks`. */
  watchLongTasks() {
    return this.page.evaluate(() => {
      window.longTasks = [];
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) window.longTasks.push(Math.round(entry.duration));
      }).observe({ type: 'longtask' });
    });
  }

  /** The image in the input panel, 28x28, as the network gets it: 0 to 255. What was just drawn is painted first. */
  shownImage() {
    return this.page.evaluate(async () => {
      for (let frames = 0; frames < 2; frames += 1) await new Promise((resolve) => requestAnimationFrame(resolve));
      const canvas = document.querySelector('.preview canvas');
      return Array.from(canvas.getContext('2d').getImageData(0, 0, 28, 28).data).filter((_, index) => index % 4 === 3);
    });
  }

  /** Types of the layers of the model in use. */
  layerTypes() {
    return this.page.evaluate(async () => (await window.chalkgrad.getModel()).layers.map((layer) => layer.type));
  }

  /** Draws a stroke through points in shares of the pad's sides. */
  async draw(points) {
    await this.pad.scrollIntoViewIfNeeded();
    const box = await this.pad.boundingBox();
    const at = ([x, y]) => [box.x + x * box.width, box.y + y * box.height];
    await this.page.mouse.move(...at(points[0]));
    await this.page.mouse.down();
    for (const point of points.slice(1)) await this.page.mouse.move(...at(point), { steps: 8 });
    await this.page.mouse.up();
  }

  /** Calls a method of the API; a rejection comes back as `{error: {code, message, layer}}`. */
  call(method, ...args) {
    return this.page.evaluate(
      async ([method, args]) => {
        try {
          return await window.chalkgrad[method](...args);
        } catch (error) {
          return { error: { code: error.code, message: error.message, layer: error.layer, isError: error instanceof Error } };
        }
      },
      [method, args],
    );
  }

  async rejection(method, ...args) {
    const { error } = (await this.call(method, ...args)) ?? {};
    expect(error, `${method} is rejected`).toBeTruthy();
    expect(error.isError).toBe(true);
    expect(error.code).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(error.message.length).toBeGreaterThan(10);
    return error;
  }
}

/** With ARTIFACTS set, keeps a screenshot of the whole page in `tests/e2e/artifacts`, which git ignores. */
export const artifact = (page, name) => process.env.ARTIFACTS && page.screenshot({ path: new URL(`artifacts/${name}.png`, import.meta.url).pathname, fullPage: true });

/** Returns axe's findings by the rules of WCAG 2.2 AA within `place`, a selector. */
export const axeViolations = async (page, place = 'html') => {
  const { violations } = await new AxeBuilder({ page }).include(place).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target} ${node.failureSummary}`));
};

/** The reference program's layers. */
export const REFERENCE = [
  { type: 'Conv2D', filters: 32, kernelSize: [3, 3], activation: 'relu' },
  { type: 'MaxPooling2D', poolSize: [2, 2] },
  { type: 'Conv2D', filters: 64, kernelSize: [3, 3], activation: 'relu' },
  { type: 'MaxPooling2D', poolSize: [2, 2] },
  { type: 'Conv2D', filters: 64, kernelSize: [3, 3], activation: 'relu' },
  { type: 'Flatten' },
  { type: 'Dense', units: 64, activation: 'relu' },
  { type: 'Dense', units: 10, activation: 'softmax' },
];

/** A model that trains in no time, for what is not about the network. */
export const SMALL = [{ type: 'Flatten' }, { type: 'Dense', units: 10, activation: 'softmax' }];

/** As the page writes a number of a tensor. */
export const written = (value) => {
  const number = Math.fround(value);
  if (number === 0) return '0';
  return (Math.abs(number) < 1e-3 ? number.toExponential(2) : number.toPrecision(4)).replaceAll('-', '−');
};

export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
