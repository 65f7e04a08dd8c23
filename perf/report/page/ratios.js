// The paired ratios around 1: a dot a pair, the median with its interval, and behind them what the
// first poller shows against itself. The axis is logarithmic: half and double are equally far.
import { axis } from './theme.js';

const kRow = 58;
const kRowPaper = 48;
const kTicks = [0.1, 0.2, 0.33, 0.5, 0.67, 0.8, 0.9, 0.95, 1, 1.05, 1.1, 1.25, 1.5, 2, 3, 5, 10];
// The least distance from 1 that the axis shows, so that a tight result does not look like a wide.
const kReachMin = 1.12;

function reach(rows) {
  const ends = rows.flatMap((row) => [row.ratio, row.low, row.high, ...(row.band ?? []),
    ...row.pairs]).filter((value) => value > 0);
  return Math.max(kReachMin, ...ends.map((value) => Math.max(value, 1 / value))) * 1.03;
}

function words(row, several) {
  const interval = row.low === null ? '' : ` (${row.low.toFixed(2)}..${row.high.toFixed(2)})`;
  return { name: several ? `${row.label} · ${row.other}` : row.label,
    figure: `${row.ratio.toFixed(2)}${interval} ${row.verdict}` };
}

function rowMarks(row, at, params, api, looks, look, several) {
  const middle = (value) => api.coord([Math.log(value), at]);
  const y = middle(1)[1];
  const colour = look.colour(looks[row.other].colour);
  const { x: left, width } = params.coordSys;
  const children = [];
  if (row.band) {
    const [x1, x2] = row.band.map((value) => middle(value)[0]);
    children.push({ type: 'rect', shape: { x: x1, y: y - 11, width: x2 - x1, height: 22, r: 2 },
      style: { fill: look.band } });
  }
  children.push({ type: 'line', style: { stroke: look.muted, lineWidth: 1, lineDash: [2, 3] },
    shape: { x1: middle(1)[0], x2: middle(1)[0], y1: y - 13, y2: y + 13 } });
  if (row.low !== null) {
    children.push({ type: 'line', style: { stroke: colour, lineWidth: 4, lineCap: 'round' },
      shape: { x1: middle(row.low)[0], x2: middle(row.high)[0], y1: y, y2: y } });
  }
  for (const value of row.pairs) {
    children.push({ type: 'circle', shape: { cx: middle(value)[0], cy: y + 8, r: 3 },
      style: { fill: colour, opacity: 0.5 } });
  }
  children.push({ type: 'circle', shape: { cx: middle(row.ratio)[0], cy: y, r: 5.5 },
    style: { fill: colour, stroke: look.ground, lineWidth: 1.5 } });
  const { name, figure } = words(row, several);
  const font = `400 12.5px ${look.text.fontFamily}`;
  children.push({ type: 'text', x: left, y: y - 30, style: { text: name, font, fill: look.muted } });
  children.push({ type: 'text', x: left + width, y: y - 30,
    style: { text: figure, font, fill: look.ink, align: 'right' } });
  return children;
}

export function ratios(scenario, part, looks, look, width) {
  const rows = scenario.ratios;
  const end = reach(rows);
  const several = new Set(rows.map((row) => row.other)).size > 1;
  const crowded = width < 600 || end > 2.2;
  const ticks = kTicks.filter((tick) => Math.max(tick, 1 / tick) <= end
    && !(crowded && [0.95, 1.05].includes(tick))
    && !(end > 3.5 && [0.8, 0.9, 1.1, 1.25].includes(tick)));
  return {
    height: rows.length * (look.paper ? kRowPaper : kRow) + 34,
    option: {
      grid: { left: 0, right: 2, top: 6, bottom: 26, outerBoundsMode: 'none' },
      tooltip: { show: false },
      xAxis: axis(look, ticks.map(Math.log), (value) => String(Number(Math.exp(value).toFixed(2))),
        { min: -Math.log(end), max: Math.log(end) }),
      yAxis: { type: 'category', inverse: true, show: false, data: rows.map((_, at) => at) },
      series: [{
        type: 'custom', silent: true, clip: false, data: rows.map((row, at) => [0, at]),
        renderItem(params, api) {
          const at = api.value(1);
          return { type: 'group',
            children: rowMarks(rows[at], at, params, api, looks, look, several) };
        },
      }],
    },
  };
}
