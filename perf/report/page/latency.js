// Latency by percentile as HdrHistogram draws it: the axis counts nines, so that the tail gets as
// much room as the middle. Solid counts from the intended time of sending, dashed from the actual.
import { axis, duration, escaped, ladder, tooltip } from './theme.js';

const kHeight = 380;
const kHeightNarrow = 300;
const kHeightPaper = 250;
// In nines: the median, then one, two, three … of them.
const kTicks = [0, Math.log10(2), 1, 2, 3, 4, 5, 6];

function percentile(nines) {
  const share = 100 * (1 - 10 ** -nines);
  return share.toFixed(Math.min(4, Math.max(0, Math.ceil(nines) - 2 + (nines % 1 ? 1 : 0))));
}

function tickLabel(nines) {
  return nines === 0 ? '0 %' : nines < 1 ? '50 %' : `${100 - 100 / 10 ** nines} %`;
}

function lines(curve, looks, look) {
  const colour = look.colour(looks[curve.spec].colour);
  const floor = looks[curve.spec].floor;
  return ['uncorrected', 'corrected'].filter((way) => curve[way].length > 0).map((way) => ({
    type: 'line', name: curve.spec, id: `${curve.spec} ${way}`, showSymbol: false,
    data: curve[way].map(([nines, us]) => [nines, Math.log10(us)]),
    lineStyle: { color: colour, width: floor ? 1.5 : 2.25,
      type: way === 'corrected' ? 'solid' : [4, 4], opacity: way === 'corrected' ? 1 : 0.75 },
    itemStyle: { color: colour }, emphasis: { disabled: true }, z: floor ? 2 : 3,
  }));
}

// One row a spec, its two figures side by side.
function told(params) {
  const rows = new Map();
  for (const { seriesId, seriesName, value, color } of params) {
    const row = rows.get(seriesName) ?? { color };
    row[seriesId.endsWith(' uncorrected') ? 'uncorrected' : 'corrected'] = 10 ** value[1];
    rows.set(seriesName, row);
  }
  const cell = (us) => `<td>${us === undefined ? '' : duration(us)}</td>`;
  const body = [...rows].reverse().map(([name, row]) =>
    `<tr><th><i style="background:${row.color}"></i>${escaped(name)}</th>${cell(row.corrected)}` +
    `${cell(row.uncorrected)}</tr>`);
  return `<table><caption>${percentile(params[0].axisValue)} %</caption>` +
    `<tr><th></th><td>intended</td><td>actual</td></tr>${body.join('')}</table>`;
}

export function latency(scenario, part, looks, look, width) {
  const { curves } = scenario.latency[part];
  const points = curves.flatMap((curve) => [...curve.corrected, ...curve.uncorrected]);
  // The very fastest few would take a third of the height: the axis begins where 5 % are as fast.
  const values = points.filter(([nines]) => nines > 0.022).map(([, us]) => us);
  const low = Math.min(...values) / 1.08;
  const high = Math.max(...values) * 1.08;
  const end = Math.max(...points.map(([nines]) => nines));
  const steps = high / low > 300 && width < 600 ? [1] : high / low < 12 ? [1, 1.5, 2, 3, 5, 7]
    : [1, 2, 5];
  // Floors lie below the pollers, whatever their order.
  const series = [...curves].reverse().flatMap((curve) => lines(curve, looks, look));
  return {
    height: look.paper ? kHeightPaper : width < 600 ? kHeightNarrow : kHeight,
    option: {
      grid: { left: 4, right: 18, top: 12, bottom: 4, outerBoundsMode: 'same' },
      tooltip: tooltip(look, 'axis', told),
      xAxis: axis(look, kTicks.filter((tick) => tick <= end), tickLabel, { min: 0, max: end }),
      yAxis: axis(look, ladder(low, high, steps).map(Math.log10), (value) => duration(10 ** value),
        { min: Math.log10(low), max: Math.log10(high) }),
      series,
    },
  };
}
