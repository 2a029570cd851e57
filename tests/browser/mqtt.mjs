// MQTT.js in a browser, over /mqtt of the page's own origin.
// Usage: node mqtt.mjs HTTP-ADDRESS MQTT-ADDRESS
import { MODULES, launch, must, open, play } from './browser.mjs';

const [, , http] = process.argv;
const bundle = `${MODULES}/node_modules/mqtt/dist/mqtt.min.js`;

/** Runs in the page: publishes and receives with each QoS, and large payloads. */
async function exchange([address, version]) {
  const client = mqtt.connect(`ws://${address}/mqtt`, { protocolVersion: version, reconnectPeriod: 0 });
  await new Promise((done, fail) => {
    client.on('connect', done);
    client.on('error', fail);
    client.on('close', () => fail(new Error('closed before it was connected')));
  });
  const came = [];
  client.on('message', (topic, payload) => came.push([topic, payload.length, payload[0]]));
  await client.subscribeAsync({ 'browser/#': { qos: 2 } });
  for (const qos of [0, 1, 2]) await client.publishAsync(`browser/q${qos}`, `${qos}`, { qos });
  for (const size of [125, 126, 65535, 65536, 500000])
    await client.publishAsync('browser/large', new Uint8Array(size).fill(7), { qos: 1 });
  for (let i = 0; i < 100 && came.length < 8; i++) await new Promise((done) => setTimeout(done, 100));
  await client.endAsync();
  return came;
}

const browser = await launch();
await play({
  async both_versions_carry_every_qos_and_size() {
    for (const version of [4, 5]) {
      const page = await open(browser, http, { bypassCSP: true });
      await page.addScriptTag({ path: bundle });
      const came = await page.evaluate(exchange, [http, version]);
      must(came.length === 8, `version ${version}: ${JSON.stringify(came)}`);
      must(came.filter(([topic]) => topic === 'browser/large').map(([, size]) => size).join() ===
        '125,126,65535,65536,500000', JSON.stringify(came));
      await page.context().close();
    }
  },
  async a_page_of_another_origin_is_kept_out() {
    const page = await open(browser, http, { bypassCSP: true });
    await page.goto('data:text/html,<title>elsewhere</title>');
    for (const path of ['/mqtt', '/v1/live']) {
      const opened = await page.evaluate(([address, at]) => new Promise((done) => {
        const socket = new WebSocket(`ws://${address}${at}`, at === '/mqtt' ? ['mqtt'] : []);
        socket.onopen = () => done(true);
        socket.onerror = () => done(false);
      }), [http, path]);
      must(!opened, `${path} was opened from another origin`);
    }
    const answer = await page.evaluate((address) =>
      fetch(`http://${address}/v1/state`).then((got) => got.status, () => 'refused'), http);
    must(answer === 'refused', `another origin read ${answer}`);
  },
});
