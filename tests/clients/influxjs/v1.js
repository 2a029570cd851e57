// The client `influx` of InfluxDB 1: ping, databases, points of every type, lines that are refused.
"use strict";
const Influx = require("influx");
const { url, expect, expectEqual, play, point, refusal } = require("./house.js");

const { hostname, port } = new URL(url);
const influx = new Influx.InfluxDB({ host: hostname, port: Number(port), database: "plant" });

async function it_is_there() {
  const [host] = await influx.ping(5000);
  expect(host.online, "the server is not online");
  expectEqual(host.version, "1.8.0", "version");
}

async function a_database_is_made_first() {
  const names = await influx.getDatabaseNames();
  expectEqual(names, ["mainstem"], "databases");
  await influx.createDatabase("plant");
}

async function points_of_every_type() {
  const schema = new Influx.InfluxDB({
    host: hostname,
    port: Number(port),
    database: "plant",
    schema: [
      {
        measurement: "press",
        tags: ["site", "line"],
        fields: {
          temp: Influx.FieldType.FLOAT,
          count: Influx.FieldType.INTEGER,
          on: Influx.FieldType.BOOLEAN,
          state: Influx.FieldType.STRING,
        },
      },
    ],
  });
  await schema.writePoints(
    [
      {
        measurement: "press",
        tags: { site: "north, east", line: "7" },
        fields: { temp: 21.5, count: 17, on: true, state: 'a "text", with = and \\' },
        timestamp: new Date("2026-03-01T08:00:00.250Z"),
      },
    ],
    { precision: "ms" },
  );
  const temp = await point("press/7/north, east/temp");
  expectEqual([temp.value, temp.type, temp.time], [21.5, "float64", "2026-03-01T08:00:00.25Z"], "temp");
  expectEqual(temp.labels, { line: "7", site: "north, east" }, "labels");
  const count = await point("press/7/north, east/count");
  expectEqual([count.value, count.type], [17, "int64"], "count");
  expectEqual((await point("press/7/north, east/on")).value, true, "on");
  expectEqual((await point("press/7/north, east/state")).value, 'a "text", with = and \\', "state");
}

async function many_points_at_once() {
  const points = [];
  for (let i = 0; i < 5000; i++)
    points.push({ measurement: "many", tags: { i: String(i % 500) }, fields: { v: i }, timestamp: 1700000000000 + i });
  await influx.writePoints(points, { precision: "ms" });
  expectEqual((await point("many/499/v")).value, 4999, "the last one");
}

async function what_is_refused_is_told() {
  await influx.writeMeasurement("typed", [{ fields: { v: 1 }, timestamp: new Date(1700000000000) }]);
  const error = await refusal(
    () => influx.writeMeasurement("typed", [{ fields: { v: "text" } }, { fields: { w: 2 } }]),
    "a text for a number",
  );
  expect(/partial write: field type conflict: line 1: .* dropped=1/.test(error.message), `found ${error.message}`);
  expectEqual((await point("typed/w")).value, 2, "the other line");
}

async function what_is_not_spoken_is_said() {
  const error = await refusal(() => influx.query("SELECT * FROM press"), "InfluxQL");
  expect(/InfluxQL is not spoken here/.test(error.message), `found ${error.message}`);
}

play([
  it_is_there,
  a_database_is_made_first,
  points_of_every_type,
  many_points_at_once,
  what_is_refused_is_told,
  what_is_not_spoken_is_said,
]);
