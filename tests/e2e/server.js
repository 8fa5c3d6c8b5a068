// Serves dist/ from a folder below the root, as a school's web server would: only relative URLs survive that.
import fs from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const DIST = fileURLToPath(new URL('../../dist/', import.meta.url));
const FOLDER = '/lessons/chalkgrad/';
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  // No Content-Encoding: the page unpacks the shards itself.
  '.gz': 'application/gzip',
};

export class Server {
  /** Names of files, without folders, to `(bytes, response) => bytes | undefined`; undefined: the handler has answered. */
  faults = new Map();
  /** Sent with every file, as servers may be set up to. */
  headers = new Map();
  /** Every request, in order: `{name, bytes}`. */
  requests = [];

  /** Serves the built page, or another folder with one. */
  static async start(folder = DIST) {
    const server = new Server();
    server.folder = folder;
    server.http = http.createServer((request, response) => server.answer(request, response));
    server.http.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.http.once('listening', resolve));
    server.url = `http://127.0.0.1:${server.http.address().port}${FOLDER}`;
    return server;
  }

  count(name) {
    return this.requests.filter((request) => request.name === name).length;
  }

  async stop() {
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }

  async answer(request, response) {
    const { pathname } = new URL(request.url, 'http://localhost');
    const relative = decodeURIComponent(pathname.slice(FOLDER.length)) || 'index.html';
    const file = path.join(this.folder, relative);
    if (!pathname.startsWith(FOLDER) || !file.startsWith(this.folder)) return this.refuse(response, pathname);
    let bytes;
    try {
      bytes = await fs.readFile(file);
    } catch {
      return this.refuse(response, pathname);
    }
    const name = path.basename(file);
    this.requests.push({ name, relative, bytes: bytes.length });
    const fault = this.faults.get(name);
    if (fault) bytes = fault(bytes, response);
    if (bytes === undefined) return;
    response.setHeader('Content-Type', TYPES[path.extname(name)] ?? 'application/octet-stream');
    response.setHeader('Cache-Control', 'no-cache');
    for (const [header, value] of this.headers) response.setHeader(header, value);
    response.end(bytes);
  }

  refuse(response, pathname) {
    this.requests.push({ name: path.basename(pathname), relative: pathname, bytes: 0 });
    response.statusCode = 404;
    response.end('not found');
  }
}
