// Versions and qualities, retained messages, shared subscriptions, large payloads.
"use strict";
const crypto = require("crypto");
const { connect, take, told, expect, expectEqual, expectNothingBefore, sendBurst, waitFor, play } = require("./house");

const versions = {
  "3.1": { protocolId: "MQIsdp", protocolVersion: 3, clientId: "js31" },
  "3.1.1": { protocolVersion: 4 },
  5: { protocolVersion: 5 },
};

async function every_version_and_quality() {
  for (const [name, options] of Object.entries(versions)) {
    const receiver = await connect({ ...options, clientId: `receiver-${name}` });
    const sender = await connect({ ...options, clientId: `sender-${name}` });
    for (const granted of [0, 1, 2]) {
      const [answer] = await receiver.subscribeAsync(`q/${name}/${granted}/#`, { qos: granted });
      expectEqual(answer.qos, granted, `the quality granted to version ${name}`);
      for (const qos of [0, 1, 2]) {
        const topic = `q/${name}/${granted}/${qos}`;
        await sender.publishAsync(topic, `\u6c34 ${qos}`, { qos });
        expectEqual(
          told((await take(receiver, 1))[0]),
          [topic, `\u6c34 ${qos}`, Math.min(qos, granted), false],
          `version ${name}, sent with ${qos}, granted ${granted}`,
        );
      }
      await receiver.unsubscribeAsync(`q/${name}/${granted}/#`);
      await sender.publishAsync(`q/${name}/${granted}/0`, "after");
    }
    await receiver.subscribeAsync("end");
    await expectNothingBefore(receiver, sender, "end", "nothing comes after UNSUBSCRIBE");
  }
}

async function bursts_keep_their_order() {
  const receiver = await connect({ protocolVersion: 5 });
  const sender = await connect({ protocolVersion: 4 });
  await receiver.subscribeAsync("burst/#", { qos: 2 });
  for (const qos of [0, 1, 2]) {
    const count = 500;
    await sendBurst(sender, "burst/a", count, qos);
    const found = (await take(receiver, count)).map((message) => Number(message.payload.toString()));
    expectEqual(found, Array.from({ length: count }, (_, number) => number), `the order at QoS ${qos}`);
  }
}

async function retained_messages() {
  const sender = await connect({ protocolVersion: 5 });
  const live = await connect({ protocolVersion: 5 });
  await live.subscribeAsync("keep/#", { qos: 1 });
  await sender.publishAsync("keep/a", "1", { qos: 1, retain: true });
  await sender.publishAsync("keep/a", "2", { qos: 1, retain: true });
  expectEqual((await take(live, 2)).map(told), [["keep/a", "1", 1, false], ["keep/a", "2", 1, false]], "live");
  const late = await connect({ protocolVersion: 4 });
  // MQTT.js sends a second SUBSCRIBE for a filter only when it asks for more than the first.
  for (const qos of [0, 1]) {
    await late.subscribeAsync("keep/+", { qos });
    expectEqual((await take(late, 1)).map(told), [["keep/a", "2", qos, true]], "each SUBSCRIBE of 3.1.1");
  }
  await sender.publishAsync("keep/a", "", { qos: 1, retain: true });
  expectEqual((await take(late, 1)).map(told), [["keep/a", "", 1, false]], "the message that clears");
  const later = await connect({ protocolVersion: 5 });
  await later.subscribeAsync("keep/#");
  await expectNothingBefore(later, sender, "keep/m", "nothing is retained after it was cleared");
}

async function subscription_options() {
  const sender = await connect({ protocolVersion: 5 });
  const other = await connect({ protocolVersion: 5 });
  await sender.publishAsync("options/a", "old", { qos: 1, retain: true });
  for (const [rh, wanted] of [[0, [1, 1]], [1, [1, 0]], [2, [0, 0]]]) {
    const client = await connect({ protocolVersion: 5 });
    for (const [qos, count] of wanted.entries()) {
      await client.subscribeAsync("options/a", { qos, rh });
      expectEqual((await take(client, count)).map(told), Array(count).fill(["options/a", "old", qos, true]),
        `retain handling ${rh}, subscription ${qos + 1}`);
      await expectNothingBefore(client, other, "options/a", `no more with retain handling ${rh}`);
    }
  }
  const own = await connect({ protocolVersion: 5 });
  await own.subscribeAsync("local/#", { qos: 1, nl: true, rap: true });
  await own.publishAsync("local/own", "x", { qos: 1 });
  await other.publishAsync("local/other", "y", { qos: 1, retain: true });
  expectEqual((await take(own, 1)).map(told), [["local/other", "y", 1, true]],
    "no local and retain as published");
}

async function shared_subscriptions() {
  const workers = [];
  for (let number = 0; number < 4; number++) {
    const worker = await connect({ protocolVersion: number % 2 ? 4 : 5 });
    await worker.subscribeAsync("$share/team/jobs/#", { qos: 2 });
    workers.push(worker);
  }
  const sender = await connect({ protocolVersion: 5 });
  await sendBurst(sender, "jobs/x", 200, 1);
  const counts = () => workers.map((worker) => worker.received.length);
  await waitFor(() => `200 messages, found ${counts()}`, () => counts().reduce((a, b) => a + b) >= 200);
  const numbers = workers.flatMap((worker) => worker.received.map((m) => Number(m.payload.toString())));
  expectEqual(numbers.sort((a, b) => a - b), Array.from({ length: 200 }, (_, n) => n), "each message once");
  expect(counts().every((count) => count >= 20), `the work is not split: ${counts()}`);
}

async function large_payloads() {
  const receiver = await connect({ protocolVersion: 5 });
  const sender = await connect({ protocolVersion: 5 });
  await receiver.subscribeAsync("large", { qos: 2 });
  for (const [size, qos] of [[0, 2], [1, 1], [127, 1], [16384, 0], [200000, 2], [900000, 1]]) {
    const payload = crypto.randomBytes(size);
    await sender.publishAsync("large", payload, { qos });
    const [message] = await take(receiver, 1);
    expectEqual(message.payload.length, size, "the length");
    expect(message.payload.equals(payload), `a payload of ${size} bytes was changed on its way`);
  }
}

play(every_version_and_quality, bursts_keep_their_order, retained_messages, subscription_options,
  shared_subscriptions, large_payloads);
