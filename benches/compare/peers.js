// Serves the pages of benches/compare/pages, bundled with the libraries that were installed into `folder`, cross-origin
// isolated: some of them use threads then.
import fs from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const PAGES = fileURLToPath(new URL('./pages/', import.meta.url));
const TYPES = { '.js': 'text/javascript', '.html': 'text/html; charset=utf-8', '.wasm': 'application/wasm' };

export async function servePeers(folder) {
  const modules = path.join(folder, 'node_modules');
  const bundles = path.join(folder, 'bundles');
  const { build } = createRequire(path.join(folder, 'package.json'))('esbuild');
  const entryPoints = fs.readdirSync(PAGES).map((name) => path.join(PAGES, name));
  await build({ entryPoints, bundle: true, format: 'esm', outdir: bundles, nodePaths: [modules], logLevel: 'error' });
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    response.setHeader('Content-Type', TYPES[path.extname(pathname)] ?? 'application/octet-stream');
    if (pathname.endsWith('.html')) return response.end(`<!doctype html><script type="module" src="${path.basename(pathname, '.html')}.js"></script>`);
    const [base, name] = pathname.startsWith('/peers/') ? [modules, pathname.slice(7)] : [bundles, pathname.slice(1)];
    const file = path.join(base, name);
    if (!file.startsWith(base) || !fs.existsSync(file)) {
      response.statusCode = 404;
      return response.end();
    }
    fs.createReadStream(file).pipe(response);
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    stop: () => (server.closeAllConnections(), new Promise((resolve) => server.close(resolve))),
  };
}
