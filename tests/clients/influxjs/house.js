// What the InfluxDB scripts share: waits that end, checks that say what was expected and what was
// found, and a look at the points by the server's own API. Run as `node SCRIPT URL` with NODE_PATH at
// the modules; tests/scenario/influxjs_test.py does that.
"use strict";
const { isDeepStrictEqual, inspect } = require("util");

const url = process.argv[2];

function expectEqual(found, wanted, what) {
  if (!isDeepStrictEqual(found, wanted))
    throw new Error(`${what}: expected ${inspect(wanted, { depth: 6 })}, found ${inspect(found, { depth: 6 })}`);
}

function expect(condition, text) {
  if (!condition) throw new Error(text);
}

async function point(path) {
  const answer = await fetch(`${url}/v1/points/${path}`);
  expectEqual(answer.status, 200, `GET ${path}`);
  return answer.json();
}

// The client's close() waits for its last batch alone: those before it may still be on their way.
async function pointBecomes(path, value) {
  for (let tries = 0; tries < 1000; tries++) {
    const answer = await fetch(`${url}/v1/points/${path}`);
    if (answer.status === 200 && (await answer.json()).value === value) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`${path} did not become ${value}`);
}

// The error of a call that must have one.
async function refusal(call, what) {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error(`${what}: it was not refused`);
}

async function play(stories) {
  for (const story of stories) {
    try {
      await story();
      console.log(`ok     ${story.name}`);
    } catch (error) {
      console.log(`FAILED ${story.name}: ${error.stack}`);
      process.exit(1);
    }
  }
}

module.exports = { url, expect, expectEqual, play, point, pointBecomes, refusal };
