/** What the server says in English is there in Chinese: held against the tables it says it from. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { language } from "../src/i18n";
import { Problem } from "../src/api/http";
import {
  problemDetail,
  problemDetails,
  problemsNamed,
  refusalTexts,
  serverText,
  settingMeanings,
  topicUses,
} from "../src/i18n/server-zh";
import { passwordFaults, peopleProblem, peopleProblems } from "../src/i18n/people-problems-zh";
import { problemText } from "../src/ui/parts";

/** The lines of a table of the C code, from its name to the line that is not continued. */
function tableOf(file: string, name: string): string {
  const text = readFileSync(`../src/${file}`, "utf8");
  const from = text.indexOf(`#define ${name}(`);
  assert.ok(from >= 0, `${file}: no ${name}`);
  const lines = text.slice(from).split("\n");
  return lines.slice(0, lines.findIndex((line) => !line.endsWith("\\")) + 1).join("\n");
}

function codesOf(file: string, table: string, prefix: string): string[] {
  const names = [...tableOf(file, table).matchAll(new RegExp(`X\\(${prefix}(\\w+),`, "g"))];
  return names.map((match) => (match[1] as string).toLowerCase());
}

const same = (found: string[], wanted: string[]) =>
  assert.deepEqual([...new Set(found)].sort(), [...new Set(wanted)].sort());

test("every setting, and no other", () => {
  const table = tableOf("settings/settings.h", "SETTINGS_TABLE");
  const names = [...table.matchAll(/[A-Z]+\(\w+, "([a-z0-9._]+)"/g)].map((match) => match[1]);
  assert.ok(names.length > 40);
  same(Object.keys(settingMeanings), names as string[]);
});

test("every refusal, and no other", () => {
  const answers = codesOf("engine/engine.h", "ADMIT_TABLE", "ADMIT_");
  const faults = codesOf("wire/payload/payload.h", "PAYLOAD_FAULT_TABLE", "PAYLOAD_");
  const none = ["done", "wait", "ok"];
  const told = [...answers, ...faults].filter((code) => !none.includes(code));
  same(Object.keys(refusalTexts), told);
});

test("every fault of a password, and codes that the server has", () => {
  const sentences = [
    ...tableOf("secrets/secrets.h", "SECRET_PASSWORD_FAULT_TABLE").matchAll(/"([^"]+)"/g),
  ];
  assert.equal(sentences.length, passwordFaults.length);
  const table = readFileSync("../src/web/problems.c", "utf8");
  for (const code of Object.keys(peopleProblems)) assert.ok(table.includes(`{"${code}",`), code);
  language.set("zh");
  const told = sentences.map((match) => peopleProblem("refused", match[1] as string));
  assert.equal(new Set(told).size, sentences.length);
  for (const text of told) assert.match(text ?? "", /[\u4e00-\u9fff]/);
  assert.equal(peopleProblem("wrong", "as it came"), peopleProblems["wrong"]);
  assert.equal(peopleProblem("other", "as it came"), undefined);
  language.set("en");
  assert.equal(peopleProblem("wrong", "as it came"), undefined);
});

test("every use of a topic, and no other", () => {
  same(Object.keys(topicUses), codesOf("broker/broker.h", "TOPIC_USE_TABLE", "TOPIC_"));
});

test("English is the server's own; what is not known is shown as it came", () => {
  language.set("en");
  assert.equal(serverText(topicUses, "dollar", "as it came"), "as it came");
  language.set("zh");
  assert.equal(serverText(topicUses, "dollar", "as it came"), topicUses["dollar"]);
  assert.equal(serverText(topicUses, "other", "as it came"), "as it came");
});

test("problems: codes the server has, each said in Chinese, with what only the server knows", () => {
  const table = readFileSync("../src/web/problems.c", "utf8");
  const known = new Set([...table.matchAll(/^ {4}\{"(\w+)",/gm)].map((match) => match[1]));
  for (const [code, text] of Object.entries({ ...problemDetails, ...problemsNamed })) {
    assert.ok(known.has(code), code);
    assert.match(text, /[\u4e00-\u9fff]/, code);
  }
  const taken = new Problem(409, "path_taken", "title", '"a/b": the path belongs to another point');
  const wrong = new Problem(400, "parameter", "title", '"limit": a number');
  language.set("zh");
  assert.equal(problemText(taken), `路径已被占用：${problemDetails["path_taken"]}`);
  assert.ok(problemText(wrong).endsWith('（"limit": a number）'));
  assert.equal(problemDetail("settings_invalid", "readings.path: {0"), "readings.path: {0");
  assert.notEqual(problemDetail("settings_invalid", '"a": a setting'), '"a": a setting');
  assert.equal(problemDetail("other", "as it came"), "as it came");
  language.set("en");
  assert.equal(problemText(taken), 'This path is taken: "a/b": the path belongs to another point');
});
