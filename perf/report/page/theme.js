// The colours of the style sheet as they are now: light, dark or for paper.

export function palette() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  return {
    colour,
    paper: document.documentElement.classList.contains('printing'),
    ink: colour('--ink'),
    muted: colour('--muted'),
    line: colour('--line'),
    grid: colour('--grid'),
    ground: colour('--ground'),
    band: colour('--band'),
    text: { fontFamily: getComputedStyle(document.body).fontFamily, color: colour('--ink') },
  };
}

export function tooltip(look, trigger, formatter) {
  return {
    trigger, formatter, confine: true, className: 'tip', transitionDuration: 0,
    backgroundColor: look.ground, borderColor: look.line, padding: [8, 12],
    textStyle: { color: look.ink, fontSize: 13, fontFamily: look.text.fontFamily },
    axisPointer: { type: 'line', lineStyle: { color: look.muted, type: 'dotted' } },
  };
}

// An axis of numbers with these ticks and nothing else drawn but hairlines.
export function axis(look, ticks, label, extent) {
  return {
    type: 'value', ...extent,
    axisLine: { show: false },
    axisTick: { show: false, customValues: ticks },
    axisLabel: { customValues: ticks, formatter: label, color: look.muted, fontSize: 12,
      hideOverlap: true },
    splitLine: { lineStyle: { color: look.grid } },
    axisPointer: { label: { show: false } },
  };
}

// Text in a tooltip is HTML to ECharts, and names come from a result: escape them.
export function escaped(text) {
  return String(text).replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

// A figure in µs as a person would write it.
export function duration(us) {
  const [value, unit] = us >= 1e6 ? [us / 1e6, 's'] : us >= 1e3 ? [us / 1e3, 'ms'] : [us, 'µs'];
  return `${short(value)} ${unit}`;
}

// About three significant digits, no exponent: as figures.number in Python.
export function short(value) {
  const size = Math.abs(value);
  if (size >= 100 || value === 0) return Math.round(value).toLocaleString('en');
  if (size >= 10) return value.toFixed(1).replace(/\.0$/, '');
  return value.toFixed(2).replace(/\.?0+$/, '');
}

// 1, 2, 5, 10, 20 … between two figures: the ticks of a logarithmic axis.
export function ladder(low, high, steps = [1, 2, 5]) {
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); ++power) {
    for (const step of steps) {
      const tick = step * 10 ** power;
      if (tick >= low * 0.999 && tick <= high * 1.001) ticks.push(tick);
    }
  }
  return ticks;
}
