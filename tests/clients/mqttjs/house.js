// What the MQTT.js scripts share: a client whose messages are kept, waits that end, and checks that say
// what was expected and what was found. Run as `node SCRIPT URL` with NODE_PATH at the modules;
// tests/scenario/mqttjs_test.py does that, and answers `ask` lines from the standard input.
"use strict";
const mqtt = require("mqtt");
const readline = require("readline");
const { isDeepStrictEqual, inspect } = require("util");

const url = process.argv[2];
const patienceMs = 1000 * Number(process.env.MAINSTEM_PATIENCE_S || "30");

const clients = [];

function expectEqual(found, wanted, what) {
  if (!isDeepStrictEqual(found, wanted))
    throw new Error(`${what}: expected ${inspect(wanted, { depth: 6 })}, found ${inspect(found, { depth: 6 })}`);
}

function expect(condition, text) {
  if (!condition) throw new Error(text);
}

async function waitFor(what, ask) {
  const end = Date.now() + patienceMs;
  for (;;) {
    const answer = ask();
    if (answer) return answer;
    expect(Date.now() < end, `waited in vain for ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

// A client that is connected. Its messages are kept from the first byte on: what a session kept comes
// with the CONNACK. client.connack is the newest CONNACK, client.connections counts them.
async function connect(options) {
  const client = mqtt.connect(url, { reconnectPeriod: 100, connectTimeout: patienceMs, ...options });
  clients.push(client);
  client.received = [];
  client.connections = 0;
  client.on("message", (topic, payload, packet) => client.received.push({ topic, payload, packet }));
  client.on("connect", (packet) => {
    client.connack = packet;
    client.connections += 1;
  });
  client.on("error", (error) => (client.fault = error));
  await waitFor(
    () => `the connection of ${inspect(options)}, the last error was ${client.fault}`,
    () => client.connections > 0,
  );
  return client;
}

// With MAINSTEM_BROKER=mosquitto, Mosquitto 2.0.11 stands in for the server (tests/scenario/broker.py).
const onMosquitto = process.env.MAINSTEM_BROKER === "mosquitto";

// Sends 0 .. count - 1 at once and waits for all answers.
async function sendBurst(sender, topic, count, qos) {
  await Promise.all(Array.from({ length: count }, (_, n) => sender.publishAsync(topic, String(n), { qos })));
}

// The next `count` messages, which are then gone from the list.
async function take(client, count) {
  await waitFor(
    () => `${count} messages; there are ${client.received.length}: ${inspect(client.received.map(told).slice(-5))}`,
    () => client.received.length >= count,
  );
  return client.received.splice(0, count);
}

function told({ topic, payload, packet }) {
  return [topic, payload.toString(), packet.qos, packet.retain];
}

// Whatever was meant for the client has come when a message sent after it has come.
async function expectNothingBefore(client, sender, topic, what) {
  await sender.publishAsync(topic, "marker");
  const [message] = await take(client, 1);
  expectEqual([message.topic, message.payload.toString()], [topic, "marker"], what);
}

// Ends the connection as a broken cable does: no DISCONNECT.
async function breakOff(client) {
  const count = client.connections;
  client.stream.destroy();
  return count;
}

// Asks the scenario to do something to the server ("kill"), and waits until it is done.
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
async function ask(what) {
  console.log(`ask ${what}`);
  const answer = await lines.next();
  expectEqual(answer.value, "done", `the answer to ${what}`);
}

async function play(...scenarios) {
  for (const scenario of scenarios) {
    const began = Date.now();
    try {
      await scenario();
    } catch (error) {
      console.log(`FAILED ${scenario.name}: ${error.stack}`);
      process.exit(1);
    }
    for (const client of clients.splice(0)) client.end(true);
    console.log(`ok ${scenario.name} (${(Date.now() - began) / 1000} s)`);
  }
  process.exit(0);
}

module.exports = { onMosquitto, connect, take, told, expect, expectEqual, expectNothingBefore, sendBurst, breakOff, waitFor, ask, play };
