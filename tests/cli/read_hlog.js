// SPDX-License-Identifier: MIT
// read_hlog.js FILE - what npm's hdr-histogram-js makes of a histogram log, as JSON: for each histogram
// its tag, count, percentiles and largest value.
const fs = require("fs");
const hdr = require(process.env.SHMRING_TEST_HDR);

const reader = new hdr.HistogramLogReader(fs.readFileSync(process.argv[2], "utf8"));
const all = [];
for (let h = reader.nextIntervalHistogram(); h !== null; h = reader.nextIntervalHistogram()) {
  const values = {};
  for (const p of [50, 90, 99, 99.9, 99.99]) {
    values["p" + p] = h.getValueAtPercentile(p);
  }
  all.push({tag: h.tag, count: h.totalCount, max: h.maxValue, values});
}
console.log(JSON.stringify(all));
