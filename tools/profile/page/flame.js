// Draws the flame graph of the data in the page with d3-flame-graph; no request, no storage.
//
// data: {unit, first, second, views: [{name, tree}]}. A tree is {n: name, k: kind, v: weight,
// c: children}; in a difference it has the weights of both sides too, a and b.
(function () {
  'use strict';

  const data = JSON.parse(document.getElementById('data').textContent);
  const isDifference = Boolean(data.second);
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const element = (id) => document.getElementById(id);
  const details = element('details');
  const welcome = details.textContent;
  // Narrower frames cannot be seen, and a deep graph has very many of them.
  const kNarrowestPixels = 0.5;
  const kRowPixels = 18;
  const kTimersDeep = 4;
  const kZoomMilliseconds = 150;

  const state = {view: 0, thread: '', width: 'v', term: ''};
  let chart = null;
  let drawn = null;
  let drawnWidth = 0;

  // ── Numbers ──

  function amount(value) {
    if (data.unit === 'ns per message') {
      const magnitude = Math.abs(value);
      if (magnitude >= 1000) return (value / 1000).toFixed(2) + ' µs';
      return value.toFixed(magnitude >= 10 ? 0 : 1) + ' ns';
    }
    const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 1 ? 2 : 4;
    return value.toFixed(digits);
  }

  function share(value, whole) {
    return whole > 0 ? (100 * value / whole).toFixed(1) + ' %' : '';
  }

  function own(node) {
    return node.v - (node.c || []).reduce((sum, child) => sum + child.v, 0);
  }

  function describe(d) {
    const node = d.data;
    const where = node.k === 'root' || node.k === 'user' ? '' : ' (' + node.k + ')';
    if (isDifference) {
      const more = node.b - node.a;
      return node.n + where + ' · ' + data.first + ' ' + amount(node.a) + ' · ' + data.second +
        ' ' + amount(node.b) + ' · ' + (more >= 0 ? '+' : '−') + amount(Math.abs(more));
    }
    return node.n + where + ' · ' + amount(node.v) + ' · ' + share(node.v, drawn.v) +
      ' · itself ' + amount(own(node)) + ' (' + data.unit + ')';
  }

  // ── Colours ──

  // A little variety, so that neighbours can be told apart; the same name is the same everywhere.
  function variety(name) {
    let hash = 0;
    for (let i = 0; i < name.length; ++i) hash = (hash * 31 + name.charCodeAt(i)) >>> 0;
    return (hash % 997) / 997;
  }

  const kHues = {kernel: 212, user: 30, inlined: 145};

  function plainColour(node) {
    if (node.k === 'root' || node.k === 'heading') {
      return dark.matches ? 'hsl(215 8% 30%)' : 'hsl(215 14% 86%)';
    }
    const hue = kHues[node.k] || 30;
    const step = variety(node.n) * 9;
    return dark.matches ? `hsl(${hue} 42% ${27 + step}%)` : `hsl(${hue} 72% ${72 + step}%)`;
  }

  // By how much one side is more than the other: from grey (equal) to full (one side alone).
  function differenceColour(node) {
    const larger = Math.max(node.a, node.b);
    const part = larger > 0 ? (node.b - node.a) / larger : 0;
    const strength = Math.min(1, Math.abs(part));
    const hue = part > 0 ? 356 : 212;
    return dark.matches ? `hsl(${hue} ${62 * strength}% ${30 + 8 * strength}%)`
                        : `hsl(${hue} ${80 * strength}% ${90 - 20 * strength}%)`;
  }

  function colour(d) {
    if (d.highlight) return dark.matches ? '#8d3fa0' : '#e58cf2';
    return isDifference ? differenceColour(d.data) : plainColour(d.data);
  }

  function legend() {
    const entries = isDifference
      ? [[`${data.second} costs more`, {a: 0, b: 1}], [`${data.second} costs less`, {a: 1, b: 0}],
         ['the same', {a: 1, b: 1}]].map(([text, node]) => [text, differenceColour(node)])
      : [['kernel', 'kernel'], ['user', 'user'], ['inlined', 'inlined']]
          .map(([text, kind]) => [text, plainColour({n: 'legend', k: kind})]);
    element('legend').replaceChildren(...entries.map(([text, fill]) => {
      const mark = document.createElement('i');
      mark.style.background = fill;
      const entry = document.createElement('span');
      entry.append(mark, text);
      return entry;
    }));
  }

  // ── The graph ──

  // d3-flame-graph writes into the data it draws, so it gets a copy each time.
  function chosenTree() {
    const tree = structuredClone(data.views[state.view].tree);
    if (state.thread !== '') tree.c = tree.c.filter((child) => child.n === state.thread);
    if (state.thread !== '' && tree.c.length === 1) return tree.c[0];
    return tree;
  }

  function draw() {
    const tree = chosenTree();
    drawn = {v: tree.v};
    if (chart) chart.destroy();
    element('chart').replaceChildren();
    chart = flamegraph.default()
      .width(element('chart').clientWidth)
      .cellHeight(kRowPixels)
      .resetHeightOnZoom(true)
      .minFrameSize(kNarrowestPixels)
      .transitionDuration(0)
      .inverted(true)
      .sort((a, b) => b.data.v - a.data.v)
      .getName((d) => d.data.n.replace(/^sluice::/, ''))
      .getValue((d) => d[state.width])
      .getChildren((d) => d.c)
      .setColorMapper(colour)
      .setLabelHandler(describe)
      .setSearchMatch((d, term) => term !== '' && d.data.n.toLowerCase().includes(term))
      .setSearchHandler(tellSearch)
      .setDetailsHandler((text) => {
        details.textContent = text || (state.term ? found : welcome);
      });
    d3.select('#chart').datum(tree).call(chart);
    search();
    // d3-flame-graph draws by transitions, one timer behind the other, even without a duration.
    for (let i = 0; i < kTimersDeep; ++i) d3.timerFlush();
    chart.transitionDuration(kZoomMilliseconds);
    drawnWidth = element('chart').clientWidth;
  }

  let found = '';

  function tellSearch(results, sum, whole) {
    found = state.term === '' ? welcome
      : `“${state.term}”: ${results.length} frames, ${amount(sum)}, ${share(sum, whole)}`;
    details.textContent = found;
  }

  function search() {
    if (state.term === '') {
      chart.clear();
      details.textContent = welcome;
    } else {
      chart.search(state.term);
    }
  }

  // ── Controls ──

  function fill(id, entries, change) {
    const select = element(id);
    select.replaceChildren(...entries.map(([value, text]) => new Option(text, value)));
    element(id + '-choice').hidden = entries.length < 2;
    select.addEventListener('change', () => {
      change(select.value);
      draw();
    });
  }

  function threads() {
    const names = new Set();
    for (const view of data.views) view.tree.c.forEach((child) => names.add(child.n));
    return names.size < 2 ? [] : [['', 'all'], ...[...names].map((name) => [name, name])];
  }

  fill('thread', threads(), (value) => { state.thread = value; });
  fill('width', isDifference
    ? [['v', 'the larger of both'], ['a', data.first], ['b', data.second]] : [],
    (value) => { state.width = value; });
  fill('view', data.views.map((view, index) => [String(index), view.name]),
    (value) => { state.view = Number(value); });
  element('controls').addEventListener('submit', (event) => event.preventDefault());
  element('search').addEventListener('input', (event) => {
    state.term = event.target.value.trim().toLowerCase();
    search();
  });
  element('reset').addEventListener('click', () => chart.resetZoom());
  dark.addEventListener('change', () => { legend(); draw(); });
  window.addEventListener('resize', () => {
    if (element('chart').clientWidth !== drawnWidth) draw();
  });
  legend();
  draw();
})();
