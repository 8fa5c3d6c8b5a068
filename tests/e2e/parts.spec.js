// What is downloaded only when somebody opens it, and what all weighs.
import fs from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect, test } from './playground.js';

// 1 KB more than `cargo xtask build` prints, by another compressor, and 1 KB of room.
const FIRST_BYTES = 346_000;

const dist = (relative) => new URL(`../../dist/${relative}`, import.meta.url);
const chunks = fs.readdirSync(dist('chunks'));
const gzip = (relative) => gzipSync(fs.readFileSync(dist(relative)), { level: 9 }).length;
const sum = (files) => files.reduce((total, relative) => total + gzip(relative), 0);

/** What has been asked for but the data, each file once. */
const code = (server) => [...new Set(server.requests.map((request) => request.relative))].filter((relative) => !relative.startsWith('data/'));

test('a visit downloads no more at first than it shows, and all weighs less than 400 KB', async ({ playground, server }) => {
  await playground.open();
  await expect(playground.page.getByText(/^Looks like/)).toBeVisible();
  const first = code(server);
  expect(first.filter((relative) => relative.startsWith('chunks/'))).toEqual([]);
  expect(sum(first)).toBeLessThan(FIRST_BYTES);

  // The other build is another visitor's.
  const isRelaxed = first.some((relative) => relative.includes('-relaxed-'));
  const own = chunks.filter((name) => name.includes('-relaxed-') === isRelaxed).map((name) => `chunks/${name}`);
  expect(own.length).toBeGreaterThan(0);
  expect(sum([...first, ...own])).toBeLessThan(400_000);

  await playground.page.getByRole('tab', { name: 'Log' }).click();
  await expect(playground.page.getByRole('log')).toBeVisible();
  const later = code(server).filter((relative) => !first.includes(relative));
  expect(later.length).toBeGreaterThan(0);
  expect(later.filter((relative) => !own.includes(relative))).toEqual([]);
});

test.describe('a part that does not come', () => {
  test.use({ expectedErrors: { patterns: [/Failed to load resource/, /net::ERR/, /Failed to fetch/] } });

  test('is said in the language of the page, and can be tried again', async ({ playground, server }) => {
    for (const name of chunks) server.faults.set(name, (_, response) => void response.destroy());
    await playground.open();
    await playground.page.getByRole('tab', { name: 'Log' }).click();
    const panel = playground.page.getByRole('tabpanel');
    await expect(panel.getByRole('alert')).toContainText('Part of the page failed to load.');
    await playground.press('中文');
    await expect(panel.getByRole('alert')).toContainText('页面的一部分未能下载');
    await panel.getByRole('button', { name: '重试' }).click();
    await expect(panel.getByRole('alert')).toContainText('页面的一部分未能下载');
    await playground.press('English');

    server.faults.clear();
    await panel.getByRole('button', { name: 'Try again' }).click();
    await expect(playground.page.getByRole('log')).toBeVisible();
    // What it shares with other parts has come with it, or comes with them.
    await playground.card('conv2d').click();
    await expect(playground.page.getByRole('group', { name: 'What to look at' })).toBeVisible();
  });
});
