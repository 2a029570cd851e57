// MQTT.js with an account: a token as the password, a topic it may write and one it may not, a filter it
// may see and one it may not. node rights.js URL USER TOKEN
"use strict";
const mqtt = require("mqtt");

const [url, username, password] = process.argv.slice(2);
const patienceMs = 1000 * Number(process.env.MAINSTEM_PATIENCE_S || "30");

function expect(condition, text) {
  if (!condition) {
    console.log(`FAILED ${text}`);
    process.exit(1);
  }
}

function connect(options) {
  return new Promise((resolve, reject) => {
    const client = mqtt.connect(url, { protocolVersion: 5, reconnectPeriod: 0, connectTimeout: patienceMs, ...options });
    client.once("connect", () => resolve(client));
    client.once("error", reject);
  });
}

async function main() {
  const wrong = await connect({ username, password: "wrong" }).then(
    () => 0,
    (error) => error.code,
  );
  expect(wrong === 0 || wrong === 0x86, `CONNACK with a wrong password: ${wrong}`);
  const client = await connect({ username, password, clientId: `js-${url.slice(0, 2)}` });
  const granted = await client.subscribeAsync(["line/#"], { qos: 1 });
  expect(granted[0].qos === 1, `SUBACK: ${JSON.stringify(granted)}`);
  const denied = await client.subscribeAsync("other/#").then(
    (answer) => answer[0].qos,
    (error) => error.code,
  );
  expect(denied === 0x87 || denied === 128, `SUBACK of other/#: ${denied}`);
  const message = new Promise((resolve) => client.once("message", (topic, payload) => resolve([topic, String(payload)])));
  await client.publishAsync("line/t", "21", { qos: 1 });
  expect((await message).join() === "line/t,21", "the message");
  const refused = await client.publishAsync("other/t", "21", { qos: 1 }).then(
    (answer) => answer && answer.reasonCode,
    (error) => error.code,
  );
  expect(refused === 0x87, `PUBACK of other/t: ${refused}`);
  client.end(true);
  console.log("done");
  process.exit(0);
}

main().catch((error) => expect(false, error.stack));
