// The reference program on all of MNIST: our page and Keras natively, an epoch each in turn.
import path from 'node:path';
import { shapes } from './models.js';
import { startPython } from './python.js';

/** So many epochs of both, ours with seed 0; Keras is left out where `python` has none. */
export async function measureEpochs(browser, server, { epochs, python, threads, root }) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(server.url);
  const { detail } = await page.evaluate(() => window.chalkgrad.ready);
  console.log(`chalkgrad: ${detail}`);
  const keras = await startPython(python, 'keras', threads).catch((error) => console.log(`Keras: cannot (${error.message})`));
  const ask = (task) => keras.ask({ layers: shapes('reference'), batch: 32, task, data: path.join(root, 'www/data/mnist') });
  if (keras) await ask('load');
  const totals = { chalkgrad: 0, Keras: 0 };
  const tell = (name, epoch, seconds) => {
    totals[name] += seconds;
    console.log(`epoch ${epoch}: ${name.padEnd(9)} ${seconds.toFixed(1)} s`);
  };
  for (let epoch = 1; epoch <= epochs; epoch += 1) {
    const begin = Date.now();
    await page.evaluate(async () => { await window.chalkgrad.train({ epochs: 1 }); });
    tell('chalkgrad', epoch, (Date.now() - begin) / 1000);
    if (keras) tell('Keras', epoch, (await ask('epoch')).ms / 1000);
  }
  const { accuracy } = await page.evaluate(() => window.chalkgrad.evaluate());
  console.log(`chalkgrad: ${totals.chalkgrad.toFixed(1)} s, test accuracy ${accuracy.toFixed(4)}`);
  if (keras) {
    const { value } = await ask('accuracy');
    console.log(`Keras ${keras.first.ready}, ${threads} threads: ${totals.Keras.toFixed(1)} s, test accuracy ${value.toFixed(4)}; chalkgrad takes ${(totals.chalkgrad / totals.Keras).toFixed(2)} of its time`);
    keras.stop();
  }
  await page.close();
}
