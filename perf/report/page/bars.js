// CPU per message and throughput: a bar a poller, its 95 % interval, and its runs as dots below.
// The name stands above its bar, so that a long one needs no margin.
import { axis, short, tooltip, escaped } from './theme.js';

const kRow = 66;
const kRowPaper = 52;
const kBar = 20;
const kDots = 19;  // from the middle of the bar down to the line of dots

// Round ticks from 0: four or five of them.
function ticksTo(high) {
  const rough = high / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((one) => one * power).find((one) => one >= rough);
  return Array.from({ length: Math.floor(high / step) + 1 }, (_, i) => i * step);
}

function whisker(api, row, at, look) {
  if (row.low === null) return [];
  const [left, right] = [api.coord([row.low, at]), api.coord([row.high, at])];
  const style = { stroke: look.ink, lineWidth: 1.5 };
  const line = (x1, y1, x2, y2) => ({ type: 'line', shape: { x1, y1, x2, y2 }, style });
  return [line(left[0], left[1], right[0], right[1]),
    line(left[0], left[1] - 4, left[0], left[1] + 4),
    line(right[0], right[1] - 4, right[0], right[1] + 4)];
}

// What belongs to a bar beside the bar: its name, its figure, its interval, its runs.
function marks(rows, looks, look) {
  return {
    type: 'custom', data: rows.map((row, at) => [row.median, at]), silent: true, z: 5, clip: false,
    renderItem(params, api) {
      const at = api.value(1);
      const row = rows[at];
      const [, y] = api.coord([0, at]);
      const colour = look.colour(looks[row.spec].colour);
      const text = (x, content, style) => ({ type: 'text', x, y: y - kBar / 2 - 16,
        style: { text: content, font: `400 12.5px ${look.text.fontFamily}`, fill: look.ink,
          ...style } });
      const [start] = api.coord([0, at]);
      const figure = short(row.median) + (row.bound ? ', client bound' : '');
      const dots = row.runs.map((value) => ({ type: 'circle',
        shape: { cx: api.coord([value, at])[0], cy: y + kDots, r: 2.5 },
        style: { fill: colour, opacity: 0.55 } }));
      return { type: 'group', children: [
        text(start, row.spec, { fill: look.muted, width: params.coordSys.width - 70,
          overflow: 'truncate' }),
        text(start + params.coordSys.width, figure, { align: 'right' }),
        ...dots, ...whisker(api, row, at, look)] };
    },
  };
}

function segment(rows, name, amount, style, looks, look) {
  return {
    type: 'bar', name, stack: 'all', barWidth: kBar, emphasis: { disabled: true },
    data: rows.map((row) => ({ value: amount(row),
      itemStyle: { color: look.colour(looks[row.spec].colour), ...style } })),
  };
}

// The label of 0 would hang over the edge.
function fromEdge(one) {
  return { ...one, axisLabel: { ...one.axisLabel, alignMinLabel: 'left' } };
}

function chart(rows, looks, look, series, label, told) {
  const ends = rows.flatMap((row) => [row.median, row.high ?? 0, ...row.runs]);
  const high = Math.max(...ends) * 1.04;
  return {
    height: rows.length * (look.paper ? kRowPaper : kRow) + 30,
    option: {
      grid: { left: 0, right: 2, top: 4, bottom: 26, outerBoundsMode: 'none' },
      tooltip: told ? tooltip(look, 'item', told) : { show: false },
      xAxis: fromEdge(axis(look, ticksTo(high), label, { min: 0, max: high })),
      yAxis: { type: 'category', inverse: true, show: false, data: rows.map((row) => row.spec) },
      series: [...series, marks(rows, looks, look)],
    },
  };
}

export function cpu(scenario, part, looks, look) {
  const rows = scenario.cpu;
  // Hatched by ECharts' own patterns: kernel threads are told apart without a colour.
  const hatch = { decal: { symbol: 'rect', dashArrayX: [1, 0], dashArrayY: [2, 3],
    rotation: Math.PI / 4, color: look.ground } };
  const series = [
    segment(rows, 'kernel', (row) => (row.parts ? row.parts.kernel : row.median), {}, looks, look),
    segment(rows, 'kernel threads', (row) => row.parts?.threads ?? 0, hatch, looks, look),
    segment(rows, 'user space', (row) => row.parts?.user ?? 0, { opacity: 0.5 }, looks, look),
  ];
  const told = ({ seriesName, value, dataIndex }) =>
    `${escaped(rows[dataIndex].spec)}, ${seriesName}: ${short(value)} µs`;
  return chart(rows, looks, look, series, (value) => `${short(value)} µs`, told);
}

export function rates(scenario, part, looks, look) {
  const rows = scenario.rates;
  const series = [segment(rows, 'rate', (row) => row.median, {}, looks, look)];
  const label = (value) => (value >= 1e6 ? `${short(value / 1e6)} M/s`
    : value >= 1e3 ? `${short(value / 1e3)} k/s` : `${short(value)} /s`);
  return chart(rows, looks, look, series, label, null);
}
