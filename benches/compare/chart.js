// The results as bars on a logarithmic axis, one block for each setting, as an SVG that needs nothing else.

const [LEFT, RIGHT, BAR, WIDTH] = [220, 90, 18, 860];
const escape = (text) => text.replace(/[&<>]/g, (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[character]);

export function chart(results, machine) {
  const shown = results.filter(({ rows }) => rows.length);
  const rates = shown.flatMap(({ rows }) => rows.map(({ median }) => median));
  const [low, high] = [Math.floor(Math.log10(Math.min(...rates, 1))), Math.ceil(Math.log10(Math.max(...rates, 10)))];
  const x = (rate) => LEFT + ((Math.log10(rate) - low) / (high - low)) * (WIDTH - LEFT - RIGHT);
  let y = 50;
  const parts = [];
  for (const { model, task, batch, rows } of shown) {
    parts.push(`<text x="8" y="${y}" class="title">${model}, ${task}, batch ${batch}</text>`);
    y += 10;
    for (const { name, median } of [...rows].sort((a, b) => b.median - a.median)) {
      const kind = name.startsWith('chalkgrad') ? 'ours' : name.includes('native') ? 'native' : 'other';
      parts.push(
        `<text x="${LEFT - 6}" y="${y + 13}" text-anchor="end">${escape(name)}</text>`,
        `<rect x="${LEFT}" y="${y + 2}" width="${Math.max(1, x(median) - LEFT).toFixed(1)}" height="${BAR - 4}" class="${kind}"/>`,
        `<text x="${(x(median) + 5).toFixed(1)}" y="${y + 13}">${median < 100 ? median.toFixed(1) : Math.round(median)}</text>`,
      );
      y += BAR;
    }
    y += 30;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" role="img">
<title>Images per second, logarithmic</title>
<style>text { font: 12px system-ui, sans-serif; fill: #222 } .title { font-weight: 600 } .ours { fill: #b4540a } .other { fill: #8a96a3 } .native { fill: #3f6ea8 }</style>
<rect width="100%" height="100%" fill="#fff"/>
<text x="8" y="20">Images per second, logarithmic; ${escape(machine.cpu)}, ${machine.threads} threads, Chromium ${machine.chromium}</text>
${parts.join('\n')}
</svg>
`;
}
