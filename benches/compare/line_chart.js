// Small line charts side by side, both axes logarithmic, as an SVG that needs nothing else.

const [WIDTH, HEIGHT, LEFT, TOP, BOTTOM, RIGHT] = [230, 190, 46, 26, 36, 12];
const short = (value) => (value >= 1000 ? `${Number((value / 1000).toPrecision(2))}k` : String(Number(value.toPrecision(2))));

/** `panels`: `{label, points: [x, y][]}`, all over the same x, which `unit` names. */
export function lineChart(panels, unit) {
  const parts = panels.map((panel, index) => `<g transform="translate(${index * WIDTH} 0)">${draw(panel, unit)}</g>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${panels.length * WIDTH} ${HEIGHT}" width="${panels.length * WIDTH}" height="${HEIGHT}" role="img">
<title>${panels.map(({ label }) => label).join('; ')}, by ${unit}; both axes logarithmic</title>
<style>text { font: 11px system-ui, sans-serif; fill: #222 } .title { font-weight: 600 } .axis { stroke: #bbb; fill: none } .line { stroke: #b4540a; stroke-width: 2; fill: none } circle { fill: #b4540a }</style>
<rect width="100%" height="100%" fill="#fff"/>
${parts.join('\n')}
</svg>
`;
}

function draw({ label, points }, unit) {
  const scale = (values, from, to) => {
    const logs = values.map((value) => Math.log10(Math.max(value, 1e-9)));
    const [low, high] = [Math.min(...logs), Math.max(...logs)];
    // A flat curve lies in the middle.
    return (value) => (high - low < 1e-9 ? (from + to) / 2 : from + ((Math.log10(Math.max(value, 1e-9)) - low) / (high - low)) * (to - from));
  };
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const x = scale(xs, LEFT + 6, WIDTH - RIGHT);
  // At least a factor of four, so that small differences look small.
  const spread = Math.max(1, Math.sqrt((4 * Math.min(...ys)) / Math.max(...ys)));
  const y = scale([Math.min(...ys) / spread, Math.max(...ys) * spread], HEIGHT - BOTTOM - 6, TOP + 6);
  const at = points.map(([px, py]) => [x(px).toFixed(1), y(py).toFixed(1)]);
  const ends = [...new Set([Math.min(...ys), Math.max(...ys)])];
  const step = Math.ceil(xs.length / 6);
  return [
    `<text x="${LEFT}" y="16" class="title">${label}</text>`,
    `<path class="axis" d="M${LEFT} ${TOP}V${HEIGHT - BOTTOM}H${WIDTH - RIGHT}"/>`,
    ...ends.map((value) => `<text x="${LEFT - 4}" y="${(y(value) + 4).toFixed(1)}" text-anchor="end">${short(value)}</text>`),
    ...xs.map((value, index) => (index % step && index < xs.length - 1 ? '' : `<text x="${x(value).toFixed(1)}" y="${HEIGHT - BOTTOM + 14}" text-anchor="middle">${short(value)}</text>`)),
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 6}" text-anchor="middle">${unit}</text>`,
    `<path class="line" d="M${at.map((point) => point.join(' ')).join('L')}"/>`,
    ...at.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="3"/>`),
  ].join('');
}
