// Sessions: what a client missed while it was away, or while the server was killed.
"use strict";
const { connect, take, told, expect, expectEqual, expectNothingBefore, breakOff, waitFor, ask, play } =
  require("./house");

const kept = (protocolVersion) => ({
  protocolVersion, clean: false, resubscribe: false,
  ...(protocolVersion === 5 ? { properties: { sessionExpiryInterval: 3600 } } : {}),
});

function numbered(topic, from, to) {
  return Array.from({ length: to - from }, (_, n) => [topic, String(from + n), 1 + ((from + n) % 2), false]);
}

// QoS 1 and 2 in turn; a QoS 2 message is shown when its PUBREL came, so each quality has its own order.
function byQuality(messages) {
  return [1, 2].map((qos) => messages.filter((message) => message[2] === qos));
}

async function send(sender, topic, from, to) {
  for (let number = from; number < to; number++)
    await sender.publishAsync(topic, String(number), { qos: 1 + (number % 2) });
}

async function a_client_gets_what_it_missed() {
  for (const version of [4, 5]) {
    const topic = `missed/${version}`;
    const options = { ...kept(version), clientId: `keeper-${version}`, reconnectPeriod: 0 };
    let receiver = await connect(options);
    expectEqual(receiver.connack.sessionPresent, false, "session present of a new session");
    await receiver.subscribeAsync(topic, { qos: 2 });
    const sender = await connect({ protocolVersion: version });
    await send(sender, topic, 0, 10);
    expectEqual(byQuality((await take(receiver, 10)).map(told)), byQuality(numbered(topic, 0, 10)), "live");
    await breakOff(receiver);
    await send(sender, topic, 10, 60);
    receiver = await connect(options);
    expectEqual(receiver.connack.sessionPresent, true, "session present after coming back");
    expectEqual(byQuality((await take(receiver, 50)).map(told)), byQuality(numbered(topic, 10, 60)),
      "what was missed");
    await expectNothingBefore(receiver, sender, topic, "nothing comes twice");
    await receiver.endAsync();
    const clean = await connect({ ...options, clean: true });
    expectEqual(clean.connack.sessionPresent, false, "session present after a clean start");
    await clean.subscribeAsync(`end/${version}`);
    await expectNothingBefore(clean, sender, `end/${version}`, "a clean start forgets the subscriptions");
  }
}

async function a_killed_server_forgets_nothing() {
  const receivers = [];
  for (const version of [4, 5]) {
    const receiver = await connect({ ...kept(version), clientId: `survivor-${version}` });
    await receiver.subscribeAsync("survive/#", { qos: 2 });
    receivers.push(receiver);
  }
  const away = await connect({ ...kept(5), clientId: "away", reconnectPeriod: 0 });
  await away.subscribeAsync("survive/#", { qos: 2 });
  await breakOff(away);
  const sender = await connect({ protocolVersion: 5 });
  await send(sender, "survive/a", 0, 20);
  await sender.publishAsync("survive/retained", "kept", { qos: 1, retain: true });
  await ask("kill");
  for (const client of [...receivers, sender])
    await waitFor(() => "clients that come back by themselves", () => client.connections >= 2);
  await send(sender, "survive/a", 20, 40);
  const wanted = [...numbered("survive/a", 0, 40), ["survive/retained", "kept", 1, false]];
  for (const receiver of receivers) {
    expectEqual(receiver.connack.sessionPresent, true, "session present after the kill");
    await expectEachOnce(receiver, wanted, sender);
  }
  const back = await connect({ ...kept(5), clientId: "away" });
  expectEqual(back.connack.sessionPresent, true, "session present of the client that was away");
  await expectEachOnce(back, wanted, sender);
  const late = await connect({ protocolVersion: 5 });
  await late.subscribeAsync("survive/retained", { qos: 1 });
  expectEqual((await take(late, 1)).map(told), [["survive/retained", "kept", 1, true]], "retained");
}

// QoS 2 comes once; QoS 1 may come again, marked as a duplicate, when the kill fell before its PUBACK.
async function expectEachOnce(receiver, wanted, sender) {
  await sender.publishAsync("survive/end", "end", { qos: 2 });
  await waitFor(() => `the end; there are ${receiver.received.length}`,
    () => receiver.received.some((message) => message.topic === "survive/end"));
  await waitFor(() => `${wanted.length} messages, there are ${receiver.received.length}`,
    () => receiver.received.length > wanted.length);
  const found = receiver.received.splice(0).filter((message) => message.topic !== "survive/end");
  const seen = new Set();
  const once = found.filter((message) => {
    const again = seen.has(message.topic + message.payload);
    seen.add(message.topic + message.payload);
    expect(!again || (message.packet.qos === 1 && message.packet.dup),
      `${told(message)} came twice, not as a duplicate of QoS 1`);
    return !again;
  });
  const sorted = (messages) => byQuality(messages.filter((message) => message[0] === "survive/a"));
  expectEqual(sorted(once.map(told)), sorted(wanted), "what came through the kill");
  expect(once.some((message) => message.topic === "survive/retained"), "the retained message did not come live");
}

async function messages_on_their_way_survive() {
  const receiver = await connect({ ...kept(5), clientId: "way-receiver" });
  await receiver.subscribeAsync("way", { qos: 2 });
  const sender = await connect({ ...kept(5), clientId: "way-sender" });
  const all = [];
  for (let number = 0; number < 300; number++) {
    all.push(sender.publishAsync("way", String(number), { qos: 2 }));
    if (number === 150) await ask("kill");
  }
  await Promise.all(all);
  const found = (await take(receiver, 300)).map((message) => Number(message.payload.toString()));
  expectEqual(found, Array.from({ length: 300 }, (_, n) => n), "QoS 2 through a kill: each once, in order");
  await expectNothingBefore(receiver, sender, "way", "nothing comes twice");
}

play(a_client_gets_what_it_missed, a_killed_server_forgets_nothing, messages_on_their_way_survive);
