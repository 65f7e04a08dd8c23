// Draws the charts of the page from the JSON in it, and draws them again when the colours or the
// width change. What to draw is decided in Python; how, in the builders.
import { init, use } from 'echarts/core';
import { BarChart, CustomChart, LineChart } from 'echarts/charts';
import { AriaComponent, GridComponent, MarkLineComponent, TooltipComponent } from 'echarts/components';
import { SVGRenderer } from 'echarts/renderers';
import { cpu, rates } from './bars.js';
import { latency } from './latency.js';
import { ratios } from './ratios.js';
import { palette } from './theme.js';

use([BarChart, CustomChart, LineChart, AriaComponent, GridComponent, MarkLineComponent,
  TooltipComponent, SVGRenderer]);

const builders = { latency, cpu, rates, ratios };
const data = JSON.parse(document.getElementById('data').textContent);
const drawn = [];

function draw(one) {
  const look = palette();
  const width = one.place.clientWidth;
  const { height, option } = one.build(one.scenario, one.part, data.looks, look, width);
  one.place.style.height = `${height}px`;
  one.chart ??= init(one.place, null, { renderer: 'svg' });
  one.chart.resize({ width, height });
  one.chart.setOption({ animation: false, textStyle: look.text, ...option }, { notMerge: true });
  one.width = width;
}

function drawAll() {
  drawn.forEach(draw);
}

for (const place of document.querySelectorAll('.chart')) {
  const { chart: kind, scenario, part } = place.dataset;
  drawn.push({ place, build: builders[kind], scenario: data.scenarios[Number(scenario)],
    part: Number(part) });
}
drawAll();

// A chart is as wide as its column; its own height must not call this again.
const watcher = new ResizeObserver(() => {
  for (const one of drawn) {
    if (one.place.clientWidth !== one.width) draw(one);
  }
});
drawn.forEach((one) => watcher.observe(one.place));

window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll);

// Paper is light and as wide as a page: the class says so before the charts are drawn for it.
function print(printing) {
  document.documentElement.classList.toggle('printing', printing);
  drawAll();
}
window.addEventListener('beforeprint', () => print(true));
window.addEventListener('afterprint', () => print(false));

document.documentElement.dataset.drawn = String(drawn.length);
