// The client @influxdata/influxdb-client of InfluxDB 2: batches, gzip, every precision and type, lines
// that are refused.
"use strict";
const { InfluxDB, Point, HttpError } = require("@influxdata/influxdb-client");
const { url, expect, expectEqual, play, point, pointBecomes } = require("./house.js");

const influx = new InfluxDB({ url, token: "any" });

async function points_of_every_type() {
  const api = influx.getWriteApi("org", "bucket", "ns");
  api.useDefaultTags({ site: "south" });
  api.writePoint(
    new Point("valve")
      .tag("line", "3,4")
      .floatField("open", 0.25)
      .intField("moves", 12)
      .uintField("count", 7)
      .booleanField("on", false)
      .stringField("state", 'shut "tight"')
      .timestamp("1772352000250000001"),
  );
  await api.close();
  const open = await point("valve/3,4/south/open");
  expectEqual([open.value, open.time], [0.25, "2026-03-01T08:00:00.250000001Z"], "open");
  expectEqual(open.labels, { line: "3,4", site: "south" }, "labels");
  expectEqual((await point("valve/3,4/south/moves")).type, "int64", "moves");
  expectEqual((await point("valve/3,4/south/count")).value, 7, "count");
  expectEqual((await point("valve/3,4/south/on")).value, false, "on");
  expectEqual((await point("valve/3,4/south/state")).value, 'shut "tight"', "state");
}

async function every_precision() {
  for (const [precision, time] of [
    ["ns", "1700000000000000000"],
    ["us", "1700000000000000"],
    ["ms", "1700000000000"],
    ["s", "1700000000"],
  ]) {
    const api = influx.getWriteApi("org", "bucket", precision);
    api.writeRecord(`time,unit=${precision} v=1 ${time}`);
    await api.close();
    expectEqual((await point(`time/${precision}/v`)).time, "2023-11-14T22:13:20Z", precision);
  }
}

async function batches_and_gzip() {
  const api = influx.getWriteApi("org", "bucket", "ms", { batchSize: 1000, gzipThreshold: 100, maxRetries: 0 });
  for (let i = 0; i < 10000; i++) api.writeRecord(`batch,i=${i % 2500} v=${i} ${1700000000000 + i}`);
  await api.close();
  for (const i of [0, 1250, 2499]) await pointBecomes(`batch/${i}/v`, 7500 + i);
}

async function what_is_refused_is_told() {
  let told = null;
  const api = influx.getWriteApi("org", "bucket", "ns", {
    maxRetries: 0,
    writeFailed: (error) => {
      told = error;
      return Promise.resolve(); // it is dropped, and no error of close()
    },
  });
  api.writeRecords(["kept v=1", "broken v=", "kept w=2"]);
  await api.close();
  expect(told instanceof HttpError, `an HttpError is wanted, found ${told}`);
  expectEqual([told.statusCode, told.json.code, told.json.line], [400, "invalid", 2], "the refusal");
  expect(/partial write: line 2, column 10: a field has no value/.test(told.json.message), told.json.message);
  expectEqual((await point("kept/v")).value, 1, "the line before");
  expectEqual((await point("kept/w")).value, 2, "the line behind");
}

async function health_as_it_says() {
  const health = await (await fetch(`${url}/health`)).json();
  expectEqual([health.name, health.status], ["mainstem", "pass"], "health");
}

play([points_of_every_type, every_precision, batches_and_gzip, what_is_refused_is_told, health_as_it_says]);
