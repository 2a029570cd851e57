import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import {
  formatAge,
  formatBytes,
  formatCores,
  formatCount,
  formatDuration,
  formatLatency,
  formatRate,
  formatShare,
  formatTick,
  formatTime,
  formatUnit,
  formatUtc,
  formatValue,
  NOTHING,
} from "../src/format";
import { language } from "../src/i18n";

beforeEach(() => language.set("en"));

test("counts and rates", () => {
  assert.equal(formatCount(1234567), "1,234,567");
  assert.equal(formatCount(undefined), NOTHING);
  assert.equal(formatRate(9.96), "10");
  assert.equal(formatRate(3.14), "3.1");
  assert.equal(formatRate(123456.7), "123,457");
  assert.equal(formatCores(0.054), "0.05");
  assert.equal(formatCores(0.1), "0.10");
  assert.equal(formatCores(0.004), "0.00");
  assert.equal(formatCores(1.5), "1.5");
  assert.equal(formatShare(0.5), "50%");
  assert.equal(formatShare(0.0123), "1.2%");
});

test("sizes at both sides of their units", () => {
  assert.equal(formatBytes(0), "0 B");
  assert.equal(formatBytes(1023), "1,023 B");
  assert.equal(formatBytes(1024), "1 KiB");
  assert.equal(formatBytes(1024 * 1023), "1,023 KiB");
  assert.equal(formatBytes(1024 * 1024 - 1), "1 MiB");
  assert.equal(formatBytes(72.6 * 2 ** 30), "72.6 GiB");
  assert.equal(formatBytes(2 ** 70), "1,048,576 PiB");
});

test("latencies", () => {
  assert.equal(formatLatency(0), "0 ms");
  assert.equal(formatLatency(499_000), "499 µs");
  assert.equal(formatLatency(1_020_000), "1.02 ms");
  assert.equal(formatLatency(2.5e9), "2.5 s");
});

test("durations have at most two units", () => {
  assert.equal(formatDuration(0.9), "0 s");
  assert.equal(formatDuration(59), "59 s");
  assert.equal(formatDuration(60), "1 min");
  assert.equal(formatDuration(61), "1 min 1 s");
  assert.equal(formatDuration(3600), "1 h");
  assert.equal(formatDuration(3661), "1 h 1 min");
  assert.equal(formatDuration(30 * 86400), "30 d");
  assert.equal(formatDuration(null), NOTHING);
  language.set("zh");
  assert.equal(formatDuration(90_000), "1 天 1 小时");
});

test("values as short as they can be", () => {
  assert.equal(formatValue(21.5, "float64"), "21.5");
  assert.equal(formatValue(1234.5678901, "float64"), "1,234.568");
  assert.equal(formatValue(1234.5678901, "float64", true), "1,234.5678901");
  assert.equal(formatValue(0, "float64"), "0");
  assert.equal(formatValue(1.5e-7, "float64"), "1.5E-7");
  assert.equal(formatValue(123456789, "int64"), "123,456,789");
  assert.equal(formatValue(true, "bool"), "true");
  assert.equal(formatValue("open", "string"), "open");
  assert.equal(formatValue(null, "float64"), NOTHING);
});

test("times", () => {
  assert.equal(formatTime(null), NOTHING);
  assert.equal(formatTime("no time"), NOTHING);
  assert.match(formatTime(Date.now()), /^\d\d:\d\d:\d\d$/);
  assert.match(formatTime("2020-03-01T08:00:00Z"), /2020/);
  assert.equal(formatUtc("2020-03-01T08:00:00.123456789Z"), "2020-03-01T08:00:00.123456789Z");
  assert.equal(formatUtc(0), "1970-01-01T00:00:00.000Z");
  assert.equal(formatAge(1000, 1500), "just now");
  assert.equal(formatAge(1000, 66_000), "1 min 5 s ago");
});

test("units as people write them", () => {
  const shown = { Cel: "°C", "[degF]": "°F", "ug/m3": "µg/m³", "m3/h": "m³/h", "m/s2": "m/s²" };
  for (const [unit, sign] of Object.entries(shown)) assert.equal(formatUnit(unit), sign);
  assert.equal(formatUnit("kOhm"), "kΩ");
  assert.equal(formatUnit("us"), "µs");
  // What is no such code stays as somebody wrote it.
  for (const unit of ["bar", "%", "°C", "units", "CO2", "mg/m3N", "H2", ""])
    assert.equal(formatUnit(unit), unit);
  assert.equal(formatUnit(null), "");
});

test("times on an axis say as little as tells them apart", () => {
  const noon = new Date(2026, 2, 5, 12, 30, 15).getTime();
  assert.equal(formatTick(noon, 3_600_000), "12:30");
  assert.equal(formatTick(noon, 60_000), "12:30:15");
  assert.equal(formatTick(noon, 7 * 86_400_000), "5 Mar");
  assert.equal(formatTick(new Date(2026, 2, 5).getTime(), 3_600_000), "5 Mar");
});
