// How fast the console is: first paint, bytes, trends, scrolling among 1,000,000 points, 10,000 updates a second.
// Not a test: it prints a table. Usage: node speed.mjs MAINSTEM-PROGRAM [POINTS]
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { launch, open, openBranch, treeRow } from './browser.mjs';

const program = process.argv[2];
const points = Number(process.argv[3] ?? 1000000); // fewer, to look at the rest sooner
const free = () =>
  new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => done(`127.0.0.1:${port}`));
    });
  });

const [http, mqtt] = [await free(), await free()];
const folder = mkdtempSync(`${tmpdir()}/mainstem-speed-`);
const server = spawn(program, ['serve', '--data', folder, '--http', http, '--mqtt', mqtt], { stdio: 'ignore' });
const api = async (path) => (await fetch(`http://${http}${path}`)).json();
const rest = (ms) => new Promise((done) => setTimeout(done, ms));

async function send(lines) {
  const answer = await fetch(`http://${http}/v1/samples`, {
    method: 'POST', headers: { 'Content-Type': 'application/x-ndjson' }, body: lines });
  if (!answer.ok) throw new Error(await answer.text());
}

function line(what, value, unit, floor, aim) {
  const judged = floor === undefined ? '' :
    `  floor ${floor}, aim ${aim}: ${value <= aim ? 'the aim is reached' : value <= floor ? 'the floor is held' : 'BELOW THE FLOOR'}`;
  console.log(`  ${what.padEnd(48)} ${Number(value.toFixed(1))} ${unit}${judged}`);
}

const share = (numbers, part) => [...numbers].sort((a, b) => a - b)[Math.floor((numbers.length - 1) * part)];

/** In the page: how long each frame's work took, told by the browser's own trace of long frames. */
const FRAMES = `new Promise((done) => {
  const times = []; let last = performance.now(); const end = last + SECONDS * 1000;
  const tick = (now) => { times.push(now - last); last = now; now < end ? requestAnimationFrame(tick) : done(times); };
  requestAnimationFrame(tick);
})`;

/** Time of the main thread in each frame: script, style, layout and paint, from a trace. */
async function busyFrames(page, seconds, work) {
  const client = await page.context().newCDPSession(page);
  const events = [];
  client.on('Tracing.dataCollected', ({ value }) => events.push(...value));
  const over = new Promise((done) => client.on('Tracing.tracingComplete', done));
  await client.send('Tracing.start', { categories: 'toplevel,devtools.timeline,disabled-by-default-devtools.timeline', transferMode: 'ReportEvents' });
  const working = work();
  const gaps = await page.evaluate(FRAMES.replace('SECONDS', String(seconds)));
  await working;
  await client.send('Tracing.end');
  await over;
  const main = events.find((event) => event.name === 'FireAnimationFrame');
  const tasks = events.filter((event) => event.name === 'RunTask' && event.tid === main?.tid && event.pid === main?.pid);
  const frames = new Map(); // tasks that run between two frames belong to the later one
  const marks = events.filter((event) => event.name === 'FireAnimationFrame').map((event) => event.ts).sort((a, b) => a - b);
  let at = 0;
  for (const task of tasks.sort((a, b) => a.ts - b.ts)) {
    while (at < marks.length - 1 && marks[at + 1] <= task.ts) at++;
    frames.set(at, (frames.get(at) ?? 0) + (task.dur ?? 0) / 1000);
  }
  return { busy: [...frames.values()], gaps };
}

async function firstPaint(browser) {
  const paints = [], bytes = [];
  for (let i = 0; i < 7; i++) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    const client = await context.newCDPSession(page);
    let sum = 0;
    await client.send('Network.enable');
    client.on('Network.loadingFinished', ({ encodedDataLength }) => (sum += encodedDataLength));
    await page.goto(`http://${http}/`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await rest(500);
    paints.push(await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0].startTime));
    bytes.push(sum);
    await context.close();
  }
  line('first contentful paint, median of 7', share(paints, 0.5), 'ms', 500, 200);
  line('transferred, compressed, with the first answers', share(bytes, 0.5) / 1024, 'KB', 400, 150);
}

async function million(browser) {
  for (let device = 0; device < points / 10; device += 5000) {
    let lines = '';
    for (let i = device; i < device + 5000; i++)
      for (let metric = 0; metric < 10; metric++) lines += `{"path":"plant/line-${i % 10}/device-${i}/m${metric}","value":${i + metric}}\n`;
    await send(lines);
  }
  while ((await api('/v1/tree?path=plant&limit=1')).count < points) await rest(200);
  const page = await open(browser, http, {});
  await page.goto(`http://${http}/#/points`);
  const tree = page.getByRole('tree');
  await openBranch(page, 'plant');
  await openBranch(page, 'line-0');
  await treeRow(page, 'device-0').waitFor();
  await tree.hover();
  let rows = 0;
  const { busy, gaps } = await busyFrames(page, 8, async () => {
    for (let i = 0; i < 100; i++) {
      await page.mouse.wheel(0, i < 70 ? 900 : -600);
      if (i % 10 === 0) rows = Math.max(rows, await page.getByRole('treeitem').count());
      await rest(50);
    }
  });
  line(`${points.toLocaleString('en')} points, scrolling: p95 frame`, share(busy, 0.95), 'ms of work', 20, 20);
  line('  p95 between two frames', share(gaps, 0.95), 'ms');
  line('  rows in the page at most', rows, 'rows', 500, 500);
  await page.context().close();
}

/** Found by search, and flung through: each frame shows other rows. */
async function search(browser) {
  const page = await open(browser, http, {});
  await page.goto(`http://${http}/#/points`);
  await page.getByRole('searchbox').first().fill('plant/line-2/+/+');
  const list = page.getByRole('listbox', { name: 'Points found' });
  await list.getByRole('option').nth(20).waitFor();
  // Ten pages first, so that the rows are there and no answer is waited for.
  for (let i = 0; i < 20; i++) {
    await list.evaluate((frame) => frame.scrollTo(0, frame.scrollHeight));
    await rest(150);
  }
  const { busy, gaps } = await busyFrames(page, 5, () => list.evaluate((frame) => new Promise((done) => {
    const end = performance.now() + 4800;
    let step = 800;
    const fling = (now) => {
      if (frame.scrollTop + step < 0 || frame.scrollTop + step > frame.scrollHeight - 3000) step = -step;
      frame.scrollTop += step;
      now < end ? requestAnimationFrame(fling) : done();
    };
    requestAnimationFrame(fling);
  })));
  line('points found, flung by 800 px a frame: p95 frame', share(busy, 0.95), 'ms of work', 20, 10);
  line('  p95 between two frames', share(gaps, 0.95), 'ms');
  await page.context().close();
}

/** In the page, before it begins: the server is asked for changes as they come, whatever the page wants. */
const AS_THEY_COME = () => {
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (text) {
    return send.call(this, text.replace(/("op":"pace","ms":)\d+/, '$10'));
  };
};

/** A screen so high that all rows of a page are seen, which change as often as makes 10,000 a second. */
async function updates(browser, paced) {
  const page = await open(browser, http, { size: { width: 2560, height: paced ? 1440 : 5000 } });
  if (!paced) await page.addInitScript(AS_THEY_COME);
  await page.goto('about:blank');
  await page.goto(`http://${http}/#/points`);
  await page.getByRole('searchbox').first().fill('plant/line-1/+/m1');
  const options = page.getByRole('listbox', { name: 'Points found' }).getByRole('option');
  await options.nth(20).waitFor();
  await rest(1500);
  const names = await options.locator('.row-name').allTextContents();
  let told = 0;
  const client = await page.context().newCDPSession(page);
  await client.send('Network.enable');
  client.on('Network.webSocketFrameReceived', ({ response }) => {
    if (response.payloadData.startsWith('{"op":"delta"')) told += JSON.parse(response.payloadData).values.length;
  });
  const perRound = Math.min(names.length, 250), pause = (perRound * 1000) / 10000;
  let sent = 0;
  const { busy, gaps } = await busyFrames(page, 6, async () => {
    const began = Date.now();
    for (let round = 0; Date.now() - began < 5800; round++) {
      await send(names.slice(0, perRound).map((name, i) => `{"path":"${name}","value":${round + i / 7}}`).join('\n'));
      sent += perRound;
      await rest(Math.max(0, began + (round + 1) * pause - Date.now()));
    }
  });
  const what = paced ? 'updates/s' : 'updates/s as they come,';
  line(`10,000 ${what} of ${perRound} rows: p95 frame`, share(busy, 0.95), 'ms of work', 20, 10);
  line('  p95 between two frames', share(gaps, 0.95), 'ms');
  line('  sent', sent / 5.8, 'values/s');
  line('  told to the tab', told / 5.8, 'values/s');
  await page.context().close();
}

/** Twenty points of three days, dragged and zoomed; and ten thousand rows of SQL, flung. */
async function trends(browser) {
  const COUNT = 20, EVERY_MS = 10_000, LENGTH_MS = 3 * 86_400_000, end = Date.now();
  const paths = Array.from({ length: COUNT }, (_, i) => `trend/device-${i}/temp`);
  for (let time = end - LENGTH_MS; time < end; time += 1000 * EVERY_MS) {
    const lines = [];
    for (let at = time; at < Math.min(end, time + 1000 * EVERY_MS); at += EVERY_MS)
      paths.forEach((path, i) =>
        lines.push(`{"path":"${path}","time":"${new Date(at).toISOString()}","value":${(20 + i + 5 * Math.sin(at / 9e6 + i) + Math.random()).toFixed(2)}}`));
    await send(lines.join('\n'));
  }
  const page = await open(browser, http, {});
  const asked = [];
  page.on('response', async (response) => {
    if (response.url().includes('/v1/trend')) asked.push((await response.body().catch(() => '')).length);
  });
  const began = performance.now();
  await page.goto(`http://${http}/#/trends?last=24h&${paths.map((path) => `p=${path}`).join('&')}`);
  await page.locator('.trend-foot .cost').waitFor();
  line(`${COUNT} points of 24 h: from the click until drawn`, performance.now() - began, 'ms');
  await rest(800);
  line('  of the answer', asked[0] / 1024, 'KB, not compressed');
  const box = await page.locator('.u-over').boundingBox();
  const { busy, gaps } = await busyFrames(page, 6, async () => {
    for (let turn = 0; turn < 6; turn++) {
      await page.mouse.move(box.x + 600, box.y + 100);
      await page.mouse.down();
      for (let i = 0; i < 40; i++) {
        await page.mouse.move(box.x + 600 + (turn % 2 ? -8 : 8) * i, box.y + 100);
        await rest(16);
      }
      await page.mouse.up();
      for (let i = 0; i < 10; i++) {
        await page.mouse.wheel(0, turn % 2 ? 60 : -60);
        await rest(20);
      }
    }
  });
  line('  dragged and zoomed: p95 frame', share(busy, 0.95), 'ms of work', 20, 20);
  line('  p95 between two frames', share(gaps, 0.95), 'ms');
  await page.goto(`http://${http}/#/sql?q=${encodeURIComponent("select time_text(time) as at, path, value, quality from samples where path glob 'trend/*' limit 10000")}`);
  const grid = page.getByRole('grid', { name: 'Result' });
  await grid.getByRole('row').nth(5).waitFor();
  const flung = await busyFrames(page, 5, () => grid.evaluate((frame) => new Promise((done) => {
    const until = performance.now() + 4800;
    let step = 800;
    const fling = (now) => {
      if (frame.scrollTop + step < 0 || frame.scrollTop + step > frame.scrollHeight - 3000) step = -step;
      frame.scrollTop += step;
      now < until ? requestAnimationFrame(fling) : done();
    };
    requestAnimationFrame(fling);
  })));
  line('10,000 rows of SQL, flung by 800 px a frame: p95 frame', share(flung.busy, 0.95), 'ms of work', 20, 10);
  await page.context().close();
}

try {
  while (true) {
    try { await api('/healthz'); break; } catch { await rest(100); }
  }
  const browser = await launch();
  console.log(`the console in Chromium ${browser.version()}`);
  await firstPaint(browser);
  await trends(browser);
  await million(browser);
  await search(browser);
  await updates(browser, true);
  await updates(browser, false);
  await browser.close();
} finally {
  server.kill('SIGTERM');
  await rest(500);
  rmSync(folder, { recursive: true, force: true });
}
