// Size of a visit's downloads.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { expect, test } from './playground.js';

const dist = new URL('../../dist/', import.meta.url);
const gzip = (relative) => gzipSync(fs.readFileSync(new URL(relative, dist)), { level: 9 }).length;
const sum = (files) => files.reduce((total, relative) => total + gzip(relative), 0);

test('a visit downloads at most 1.65 MB at first without data, and 2.25 MB with all that it may need', async ({ playground, server }) => {
  await playground.open();
  await expect(playground.page.getByText(/^Looks like/)).toBeVisible();
  const first = [...new Set(server.requests.map(({ relative }) => relative))].filter((relative) => !relative.startsWith('data/'));
  expect(first.some((relative) => relative.endsWith('.wasm'))).toBe(true);
  expect(sum(first)).toBeLessThan(1_650_000);
  // The other build of the program is another visitor's, and no page loads the TypeScript declarations.
  const files = fs.readdirSync(dist, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const all = files.map((entry) => path.relative(fileURLToPath(dist), path.join(entry.parentPath, entry.name)).replaceAll(path.sep, '/'));
  const later = all.filter((relative) => !relative.startsWith('data/') && !/^chalkgrad[-.]/.test(relative) && !first.includes(relative));
  expect(later.some((relative) => relative.startsWith('gpu_worker'))).toBe(true);
  // 1.62 and 2.21 MB when these were set, with numbers that are followed through every op. The aims, 900 KB and 1.2 MB, are missed.
  expect(sum([...first, ...later])).toBeLessThan(2_250_000);
});
