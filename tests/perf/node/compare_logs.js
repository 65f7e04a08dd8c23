// Reads the samples of histogram_logs (a line of JSON each) from standard input, decodes each log
// with npm's hdr-histogram-js and compares every number. Then that library writes the histogram
// again, and the counts must be the very bytes of ours. Exit code 1 at the first difference.
//
// Only the counts: its header says an index offset of 1 and a ratio that is an integer, where the
// format has 0 and the double 1.0; its own reader looks at neither, ours refuses them.
'use strict';

const fs = require('fs');
const zlib = require('zlib');
const hdr = require('hdr-histogram-js');

const kCountBits = 64;  // Its default of 32 does not hold the sample of large counts.
const kFrameBytes = 8;  // A log's cookie and length, before what is deflated,
const kHeaderBytes = 40;  // and the header before the counts inside it.

function mustBe(actual, expected, what) {
  if (Object.is(actual, expected)) return;
  process.stderr.write(`${what}: hdr-histogram-js says ${actual}, we said ${expected}\n`);
  process.exit(1);
}

function countsOf(log) {
  const payload = zlib.inflateSync(Buffer.from(log, 'base64').subarray(kFrameBytes));
  return payload.subarray(kHeaderBytes).toString('hex');
}

const lines = fs.readFileSync(0, 'utf8').split('\n').filter((line) => line !== '');
if (lines.length === 0) {
  process.stderr.write('there is no sample on standard input\n');
  process.exit(1);
}
for (const line of lines) {
  const sample = JSON.parse(line);
  const histogram = hdr.decodeFromCompressedBase64(sample.log, kCountBits);
  mustBe(histogram.totalCount, sample.count, `${sample.name}: count`);
  mustBe(histogram.mean, sample.mean, `${sample.name}: mean`);
  mustBe(histogram.maxValue, sample.max, `${sample.name}: max`);
  for (const [percentile, value] of sample.percentiles) {
    mustBe(histogram.getValueAtPercentile(percentile), value, `${sample.name}: p${percentile}`);
  }
  mustBe(countsOf(hdr.encodeIntoCompressedBase64(histogram)), countsOf(sample.log),
         `${sample.name}: bytes of the counts`);
}
process.stdout.write(`${lines.length} histograms agree\n`);
