// PyTorch or Keras in a process of its own that answers lines of JSON with lines of JSON.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('native.py', import.meta.url));

/** Starts `native.py` with a library and waits for its first line; `ask` puts one question after the other. */
export async function startPython(python, library, threads) {
  const child = spawn(python, [script, library, String(threads)], { stdio: ['pipe', 'pipe', 'ignore'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const gone = new Promise((_, reject) => {
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`${python} has no ${library}`)));
  });
  gone.catch(() => {});
  const next = async () => {
    const { value, done } = await Promise.race([lines.next(), gone]);
    return done ? gone : JSON.parse(value);
  };
  const first = await next();
  return {
    first,
    ask(question) {
      child.stdin.write(`${JSON.stringify(question)}\n`);
      return next();
    },
    stop: () => child.kill(),
  };
}
