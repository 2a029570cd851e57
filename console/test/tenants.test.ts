/** Quotas as they are typed and shown, the audit as sentences and as CSV, the picture of a second factor. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { auditCsv, type AuditEntry } from "../src/api/audit";
import { beginAddress } from "../src/api/openid";
import { levelOf, limitFrom, limitText, tightest, type Quotas } from "../src/api/tenants";
import { language } from "../src/i18n";
import { outcomeWords, sentenceOf } from "../src/pages/audit-words";

const quota = (used: number, most: number | null) => ({ used, most, refused: 0 });
const quotas: Quotas = {
  points: quota(85, 100),
  points_per_second: quota(0, null),
  values_per_second: quota(100, 100),
  connections: quota(10, 100),
  storage_bytes: quota(0, null),
  queries_at_once: quota(0, 4),
};

test("how near a limit is", () => {
  assert.deepEqual(
    [quota(79, 100), quota(80, 100), quota(99, 100), quota(100, 100), quota(9, null)].map(levelOf),
    ["calm", "near", "near", "over", "none"],
  );
  assert.equal(tightest(quotas), "values_per_second");
  assert.equal(tightest({ ...quotas, points: quota(1, 2), values_per_second: quota(1, 2) }), null);
});

test("limits as they are typed", () => {
  assert.equal(limitFrom(" ", "points"), null);
  assert.equal(limitFrom("10k", "points"), 10_000);
  assert.equal(limitFrom("1,000", "points"), 1000);
  assert.equal(limitFrom("1.5 GiB", "storage_bytes"), 1.5 * 1024 ** 3);
  for (const wrong of ["0", "-1", "1.5", "ten", "1kk", "99999999T"])
    assert.equal(limitFrom(wrong, "points"), undefined, wrong);
  for (const most of [null, 1, 1023, 1024, 50 * 1024 ** 3])
    assert.equal(limitFrom(limitText(most, "storage_bytes"), "storage_bytes"), most);
});

const entry: AuditEntry = {
  number: 7,
  position: 9,
  time: "2026-03-01T08:00:00Z",
  wall_ns: "1772352000000000000",
  tenant: "main",
  tenant_number: 1,
  account: 3,
  door: "http",
  actor: "ann@main",
  address: "127.0.0.1:1",
  action: "role.set",
  object: "role/fitter",
  detail: "see on #",
  outcome: "done",
  chain: "00",
};

test("an entry is a sentence in both languages", () => {
  const said = (part: Partial<AuditEntry>) => sentenceOf({ ...entry, ...part });
  assert.equal(said({}), "ann@main wrote role fitter");
  assert.equal(
    said({ action: "login", outcome: "denied", actor: "", object: "bo" }),
    "somebody unknown was not let in as bo",
  );
  assert.equal(
    said({ action: "secret.add", object: "person/bo", detail: "session, expires x" }),
    "A session of user bo began",
  );
  assert.equal(said({ action: "strange.deed", object: "x" }), "ann@main: strange.deed x");
  assert.equal(outcomeWords("role_in_use"), "role in use");
  language.set("zh");
  assert.equal(said({}), "ann@main 编写了角色 fitter");
  language.set("en");
});

test("the CSV has a row an entry, and no formulas", () => {
  const lines = [entry, { ...entry, actor: '=1+"1"', detail: "a,b" }].map((one) =>
    JSON.stringify(one),
  );
  const rows = auditCsv(`${lines.join("\n")}\n`).split("\r\n");
  assert.equal(rows.length, 4);
  assert.ok(rows[0]?.startsWith("number,time,tenant,actor"));
  assert.ok(rows[2]?.includes(`"'=1+""1"""`) && rows[2].includes('"a,b"'), rows[2]);
});

test("one comes back from a provider to where one was, when the address is short", () => {
  assert.equal(
    beginAddress("entra", "acme", "#/points/a"),
    "/v1/session/openid/entra/begin?tenant=acme&return=%2F%23%2Fpoints%2Fa",
  );
  assert.ok(beginAddress("entra", "", `#/points/${"a".repeat(64)}`).endsWith("return=%2F"));
  assert.ok(beginAddress("entra", "", "#/login?tenant=x").endsWith("return=%2F"));
});
