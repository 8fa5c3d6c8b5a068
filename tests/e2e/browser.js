// The browser that the flows and the measurement share: CHROMIUM, as `cargo xtask` sets it, else the one on the PATH.
import fs from 'node:fs';
import path from 'node:path';

const onPath = () =>
  (process.env.PATH ?? '')
    .split(path.delimiter)
    .flatMap((folder) => ['chromium', 'chromium-browser', 'google-chrome'].map((name) => path.join(folder, name)))
    .find((file) => fs.existsSync(file));

export const launchOptions = {
  executablePath: process.env.CHROMIUM || onPath(),
  args: [
    '--no-sandbox',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
};
