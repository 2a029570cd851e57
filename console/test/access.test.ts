/** Roles, machines, tokens and shares: what of them is no page. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { nextPart, readResults } from "../src/access/bulk";
import {
  csvLine,
  decodeSheet,
  headFault,
  readSheet,
  resultsFile,
  sheetPart,
} from "../src/access/csv";
import { expiryFrom, expiryOf } from "../src/access/expiry";
import { derOf, fingerprintOf, fingerprintWords } from "../src/access/fingerprint";
import { language } from "../src/i18n";
import { roleTitles } from "../src/i18n/server-zh";
import { whyText } from "../src/i18n/why-zh";

const rowsOf = (text: string) => readSheet(text).rows.map(({ fields }) => fields);

test("a file of devices is read as spreadsheets write it", () => {
  const sheet = readSheet('Name,Role\r\npress-1,"a ""b"""\r\n\r\n"two\nlines",x');
  assert.deepEqual(sheet.head, ["name", "role"]);
  assert.deepEqual(sheet.rows, [
    { line: 2, fields: ["press-1", 'a "b"'] },
    { line: 4, fields: ["two\nlines", "x"] },
  ]);
  assert.deepEqual(rowsOf("name;role\na;b, c"), [["a", "b, c"]]);
  assert.deepEqual(rowsOf("name\trole\na\tb\n"), [["a", "b"]]);
  assert.deepEqual(rowsOf("name\n"), []);
  const bytes = (...list: number[]) => new Uint8Array(list).buffer;
  assert.equal(decodeSheet(bytes(0xef, 0xbb, 0xbf, 0x61)), "a");
  assert.equal(decodeSheet(bytes(0xb2, 0xe2)), "\u6d4b");
});

test("what is wrong with a head is said before anything is sent", () => {
  assert.equal(headFault(["branch", "name"]), undefined);
  assert.deepEqual(headFault(["role"]), { kind: "name" });
  assert.deepEqual(headFault(["name", "title"]), { kind: "other", column: "title" });
  assert.deepEqual(headFault([]), { kind: "name" });
});

test("lines of a part are told as lines of the file", () => {
  const { rows, head } = readSheet('name\n\na\n"b\nc"\nd\n');
  const { body, lines } = sheetPart(head, rows.slice(1));
  assert.equal(body, 'name\n"b\nc"\nd\n');
  assert.deepEqual(
    [...lines],
    [
      [2, 4],
      [4, 6],
    ],
  );
  const answer =
    '{"line":4,"name":"d","outcome":"refused","code":"name_taken","detail":"no"}\n' +
    '{"line":2,"name":"b","outcome":"done","token":"mst_d_1"}\n{"last":true,"made":1,"refused":1}\n';
  const results = readResults(answer, lines);
  assert.deepEqual(
    results.map(({ line, outcome, token, code }) => [line, outcome, token, code]),
    [
      [4, "done", "mst_d_1", ""],
      [6, "refused", "", "name_taken"],
    ],
  );
  const file = resultsFile([{ ...results[0]!, name: "=1+1" }, ...results]);
  assert.equal(file.split("\n")[1], "4,'=1+1,done,mst_d_1,,");
  assert.deepEqual(readSheet(file.slice(1)).rows[1]?.fields.slice(0, 4), [
    "4",
    "b",
    "done",
    "mst_d_1",
  ]);
  assert.equal(csvLine(["a,b", 'c"', "d"]), '"a,b","c""",d\n');
});

test("parts take about a second, grow by no more than four, and never stand still", () => {
  assert.equal(nextPart(50, 1), 200);
  assert.equal(nextPart(50, 1000), 50);
  assert.equal(nextPart(50, 100_000), 1);
  assert.equal(nextPart(4000, 1), 5000);
});

test("an end is an instant to come", () => {
  const now = Date.parse("2026-11-23T10:00:00Z");
  assert.equal(expiryOf({ span: "never", at: "" }, now), null);
  assert.equal(expiryOf({ span: "week", at: "" }, now), "2026-11-30T10:00:00.000Z");
  assert.equal(expiryOf({ span: "date", at: "" }, now), undefined);
  assert.equal(expiryOf(expiryFrom(new Date(now).toISOString()), now), undefined);
  const next = new Date(now + 60_000).toISOString();
  assert.equal(expiryOf(expiryFrom(next), now), next);
  assert.deepEqual(expiryFrom(null), { span: "never", at: "" });
});

test("fingerprints as tools write them", () => {
  const digits = "ab".repeat(32);
  assert.equal(fingerprintOf(digits), digits);
  assert.equal(fingerprintOf(`sha256 Fingerprint=${fingerprintWords(digits)}\n`), digits);
  assert.equal(fingerprintOf(digits.slice(1)), undefined);
  assert.equal(fingerprintOf(`${digits.slice(1)}g`), undefined);
  const pem = "-----BEGIN CERTIFICATE-----\nMAMC\nAQE=\n-----END CERTIFICATE-----\n";
  assert.deepEqual([...derOf(new TextEncoder().encode(pem))], [0x30, 3, 2, 1, 1]);
  assert.deepEqual([...derOf(new Uint8Array([0x30, 0]))], [0x30, 0]);
  assert.throws(() => derOf(new Uint8Array([1, 2])));
});

/** Each sentence of the explanation as it may come: its words filled in. */
function sentences(): string[] {
  const source = readFileSync("../src/access/explain.c", "utf8");
  const said = [...source.matchAll(/say\(why, ((?:"(?:[^"\\]|\\.)*"\s*)+)/g)].map((match) =>
    [...(match[1] as string).matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((part) => part[1]).join(""),
  );
  assert.ok(said.length > 8);
  return said.map((text) =>
    text
      .replace(/^%srole/, "yes: role")
      .replace("the %s may all", "the owner of the control socket may all")
      .replace(/%s(?=$)/, "the account has expired")
      .replaceAll("%u", "7")
      .replaceAll(/%\.\*s|%s/g, "word"),
  );
}

test("why somebody may is said in Chinese, each sentence that the server has", () => {
  language.set("zh");
  for (const sentence of sentences()) assert.match(whyText(sentence), /[\u4e00-\u9fff]/, sentence);
  assert.match(
    whyText("yes: role a b allows see on #, granted to bo@main within x/#"),
    /a b.*#.*x\/#.*bo@main/,
  );
  assert.equal(whyText("something new"), "something new");
  language.set("en");
  assert.equal(whyText("bo holds no role"), "bo holds no role");
});

test("every built-in role has its title in Chinese, and no other", () => {
  const source = readFileSync("../src/model/access/access.h", "utf8");
  const table = source.slice(source.indexOf('X("viewer"') - 200);
  const names = [...table.matchAll(/^ {4}X\("(\w+)", "/gm)].map((match) => match[1]);
  assert.deepEqual(Object.keys(roleTitles).sort(), names.sort());
});
