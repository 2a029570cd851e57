/** Every string in both languages, none missing, none left over. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { en as main } from "../src/i18n/en";
import { ALARMS_TABLES } from "../src/i18n/alarms";
import { RULES_TABLES } from "../src/i18n/rules";
import { ACCESS_TABLES } from "../src/i18n/access";
import { ASSETS_TABLES } from "../src/i18n/assets";
import { fill, language, t } from "../src/i18n";
import { HISTORY_TABLES } from "../src/i18n/history";
import { PEOPLE_TABLES } from "../src/i18n/people";
import { TENANTS_TABLES } from "../src/i18n/tenants";
import { zh as mainZh } from "../src/i18n/zh";

const en: Record<string, string> = {
  ...main,
  ...HISTORY_TABLES.en,
  ...PEOPLE_TABLES.en,
  ...TENANTS_TABLES.en,
  ...ACCESS_TABLES.en,
  ...ASSETS_TABLES.en,
  ...ALARMS_TABLES.en,
  ...RULES_TABLES.en,
};
const zh: Record<string, string> = {
  ...mainZh,
  ...HISTORY_TABLES.zh,
  ...PEOPLE_TABLES.zh,
  ...TENANTS_TABLES.zh,
  ...ACCESS_TABLES.zh,
  ...ASSETS_TABLES.zh,
  ...ALARMS_TABLES.zh,
  ...RULES_TABLES.zh,
};
const keys = Object.keys(en);
const text = (table: Record<string, string>, key: string): string => table[key] ?? "";

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return sources(path);
    return /\.tsx?$/.test(path) &&
      !/i18n\/(history-|people-|tenants-|access-|assets-|alarms-|rules-)?(en|zh)\.ts$/.test(path)
      ? [readFileSync(path, "utf8")]
      : [];
  });
}
const code = sources("src").join("\n");
const literals = new Set([...code.matchAll(/"([\w.-]+)"/g)].map((match) => match[1]));
/** issue.${issue.kind}.do: what stands in braces is one word of a key. */
const templates = [...code.matchAll(/`([a-z_]+\.[^`\s]*\$\{[^`\s]*)`/g)].map(
  (match) =>
    new RegExp(
      `^${(match[1] as string)
        .split(/\$\{[^}]*\}/)
        .map((part) => part.replace(/\./g, "\\."))
        .join("\\w+")}$`,
    ),
);
/** Plurals aside: not every language has them. */
const parameters = (text: string) =>
  [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]))].sort();

test("a key stands in one table", () => {
  const others = [
    ...Object.keys(HISTORY_TABLES.en),
    ...Object.keys(PEOPLE_TABLES.en),
    ...Object.keys(TENANTS_TABLES.en),
    ...Object.keys(ACCESS_TABLES.en),
    ...Object.keys(ASSETS_TABLES.en),
    ...Object.keys(ALARMS_TABLES.en),
    ...Object.keys(RULES_TABLES.en),
  ];
  assert.equal(others.length, new Set(others).size);
  assert.deepEqual(
    others.filter((key) => key in main),
    [],
  );
});

test("both languages have the same keys", () => {
  assert.deepEqual(Object.keys(zh).sort(), [...keys].sort());
});

test("no string is empty, and the parameters are the same", () => {
  for (const key of keys) {
    assert.ok(text(en, key).trim() && text(zh, key).trim(), key);
    assert.deepEqual(parameters(text(zh, key)), parameters(text(en, key)), key);
  }
});

test("Chinese strings are Chinese", () => {
  const alike = new Set(["language.other", "rate", "problem.with", "policy.rollup"]);
  for (const key of keys)
    if (!alike.has(key)) assert.match(text(zh, key), /[\u4e00-\u9fff]/, `${key}: ${zh[key]}`);
});

test("English strings are ASCII but for quotes", () => {
  for (const key of keys)
    if (key !== "language.other") assert.match(text(en, key), /^[\x20-\x7e\u201c\u201d]+$/, key);
});

test("every key is used", () => {
  const unused = keys.filter(
    (key) => !literals.has(key) && !templates.some((template) => template.test(key)),
  );
  assert.deepEqual(unused, []);
});

test("every key that is asked for is there", () => {
  const asked = [...code.matchAll(/\b(?:t|ta|th|tl|tp|tq|tr|ts|keyIfKnown)\(\s*"([^"]+)"/g)].map(
    (match) => match[1] as string,
  );
  assert.ok(asked.length > 100);
  assert.deepEqual(
    asked.filter((key) => !(key in en)),
    [],
  );
});

test("no words stand in the pages themselves", () => {
  const stray = [...code.matchAll(/>\s*([A-Z][a-z]+(?: [a-z]+)*)\s*<\//g)].map((match) => match[1]);
  assert.deepEqual(
    stray.filter((word) => word !== "Mainstem"),
    [],
  );
});

test("parameters and plurals", () => {
  assert.equal(fill("{n} {n|point|points}", { n: 1 }), "1 point");
  assert.equal(fill("{n} {n|point|points}", { n: 2 }), "2 points");
  assert.equal(fill("{n} {n|point|points}", { n: 0 }), "0 points");
  assert.equal(fill("{topic}, {n}", { n: 1 }), "{topic}, 1");
  language.set("zh");
  assert.equal(t("save"), zh.save);
  language.set("en");
  assert.equal(t("save"), en.save);
});
