// Looks at a page in headless Chromium as people do: light and dark, wide and narrow, on paper.
//
//     NODE_PATH=build/npm/perf-report-look/node_modules node perf/report/look/look.js PAGE.html DIR
//
// Leaves pictures and a PDF in DIR, for a person to look at. Fails if the page says anything on the
// console, asks for anything but itself, is wider than its window, leaves a chart empty, or does
// not follow the colour scheme while it is open. CHROMIUM names the program (/usr/bin/chromium).
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { chromium } = require('playwright-core');

const kFlags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const kWidths = [1280, 480];
const kSchemes = ['light', 'dark'];

const faults = [];

// What must hold for the page as it stands; each fault is a line.
async function inspect(page, name) {
  const found = await page.evaluate(() => {
    const marks = (place) => place.querySelectorAll('path, text, circle, line').length;
    const charts = [...document.querySelectorAll('.chart')];
    return {
      drawn: document.documentElement.dataset.drawn,
      charts: charts.length,
      empty: charts.filter((place) => marks(place) < 3).map((place) => place.dataset.chart),
      wider: document.documentElement.scrollWidth - window.innerWidth,
    };
  });
  if (found.drawn !== String(found.charts)) {
    faults.push(`${name}: ${found.drawn} of ${found.charts} charts were drawn`);
  }
  for (const kind of found.empty) faults.push(`${name}: a chart is empty: ${kind}`);
  if (found.wider > 0) faults.push(`${name}: the page is ${found.wider} px wider than its window`);
}

// The colours that the charts were drawn with.
function chartColours(page) {
  return page.evaluate(() => [...document.querySelectorAll('.chart path, .chart text')]
    .map((mark) => mark.getAttribute('fill') + mark.getAttribute('stroke')).join());
}

function listen(page, name) {
  page.on('console', (message) => faults.push(`${name}: console: ${message.text()}`));
  page.on('pageerror', (error) => faults.push(`${name}: ${error}`));
  page.on('request', (request) => {
    if (!request.url().startsWith('file:')) faults.push(`${name}: asks for ${request.url()}`);
  });
}

async function picture(browser, address, folder, width, scheme) {
  const name = `${scheme}-${width}`;
  const page = await browser.newPage({ viewport: { width, height: 900 } });
  listen(page, name);
  await page.emulateMedia({ colorScheme: scheme });
  await page.goto(address);
  await inspect(page, name);
  await page.screenshot({ path: path.join(folder, `${name}.png`), fullPage: true });
  await page.close();
}

// The charts follow a change of the colour scheme without being loaded again.
async function followsScheme(browser, address) {
  const page = await browser.newPage();
  listen(page, 'change of scheme');
  await page.emulateMedia({ colorScheme: 'light' });
  await page.goto(address);
  const before = await chartColours(page);
  await page.emulateMedia({ colorScheme: 'dark' });
  // The page hears of the change a little later; the patience is only a guard against hanging.
  const changed = (old) => [...document.querySelectorAll('.chart path, .chart text')]
    .map((mark) => mark.getAttribute('fill') + mark.getAttribute('stroke')).join() !== old;
  await page.waitForFunction(changed, before, { timeout: 10_000 }).catch(() =>
    faults.push('change of scheme: the charts keep the colours of the light page'));
  await page.close();
}

// Paper, begun from a dark page: what is printed must be light all the same.
async function paper(browser, address, folder) {
  const page = await browser.newPage();
  listen(page, 'paper');
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.goto(address);
  await page.pdf({ path: path.join(folder, 'paper.pdf'), format: 'A4', preferCSSPageSize: true,
    printBackground: true });
  await page.close();
}

async function main(file, folder) {
  const address = pathToFileURL(path.resolve(file)).href;
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-look-'));
  fs.mkdirSync(folder, { recursive: true });
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: kFlags });
  try {
    for (const width of kWidths) {
      for (const scheme of kSchemes) {
        const one = { newPage: (settings) => openPage(browser, settings) };
        await picture(one, address, folder, width, scheme);
      }
    }
    await followsScheme(browser, address);
    await paper(browser, address, folder);
  } finally {
    await browser.close();
    fs.rmSync(profile, { recursive: true, force: true });
  }
}

async function openPage(browser, { viewport }) {
  const page = await browser.newPage();
  await page.setViewportSize(viewport);
  return page;
}

if (process.argv.length !== 4) {
  console.error('usage: look.js PAGE.html DIR');
  process.exit(2);
}
main(process.argv[2], process.argv[3]).then(() => {
  for (const fault of faults) console.error(fault);
  console.log(`${process.argv[3]}: ${faults.length === 0 ? 'no fault' : `${faults.length} faults`}`);
  process.exit(faults.length === 0 ? 0 : 1);
}, (error) => {
  console.error(String(error));
  process.exit(2);
});
