// The pages of history, walked through by a browser on a server that was just started: trends of one point and of
// several, samples, corrections and annotations, SQL, saved views, policies.
// Usage: node history.mjs HTTP-ADDRESS MQTT-ADDRESS [STORY...]
import { readFileSync } from 'node:fs';
import { DESKTOP, PHONE, goodOfPage, house, launch, must, play, until } from './browser.mjs';

const [, , http] = process.argv;
const browser = await launch();
const { api, visit, go } = house(browser, http);

const DAY = 86_400_000;
const NOW = Math.floor(Date.now() / 10_000) * 10_000;
const FIRST = NOW - 2 * DAY;
const TEMP = 'mill/line-1/drum-1/temp', OTHER = 'mill/line-1/drum-2/temp', LOAD = 'mill/line-1/drum-1/load';
const MODE = 'mill/line-1/drum-1/mode', RUNS = 'mill/line-1/drum-1/runs';
const COUNT = 2 * DAY / 10_000; // samples of TEMP, but for the hour that nothing came

/** Two days every ten seconds; an hour without, an hour of uncertain ones; states that change every two hours. */
async function fill() {
  for (const [path, unit, type] of [[TEMP, 'degC', 'float64'], [OTHER, 'degC', 'float64'], [LOAD, 'kN', 'float64'],
    [MODE, '', 'string'], [RUNS, '', 'bool']])
    await api('POST', '/v1/points', { path, unit, type, limits: path === TEMP ? { high: 75 } : {} });
  const lines = [];
  for (let time = FIRST; time < NOW; time += 10_000) {
    const at = new Date(time).toISOString(), hours = (NOW - time) / 3_600_000, wave = Math.sin(hours);
    if (hours <= 20 || hours > 21)
      lines.push({ path: TEMP, value: 60 + 10 * wave, time: at, ...(hours > 30 && hours <= 31 ? { quality: 'uncertain' } : {}) });
    lines.push({ path: OTHER, value: 50 + 5 * wave, time: at }, { path: LOAD, value: 400 + 90 * wave, time: at });
    if (time % 7_200_000 === 0)
      lines.push({ path: MODE, value: ['idle', 'grind', 'clean'][(time / 7_200_000) % 3], time: at },
        { path: RUNS, value: (time / 7_200_000) % 3 === 1, time: at });
  }
  for (let from = 0; from < lines.length; from += 20_000) {
    const answer = await fetch(`http://${http}/v1/samples`, { method: 'POST', headers: { 'Content-Type': 'application/x-ndjson' },
      body: lines.slice(from, from + 20_000).map((line) => JSON.stringify(line)).join('\n') });
    must(answer.ok, await answer.text());
  }
}
await fill();

const hash = (page) => decodeURIComponent(new URL(page.url()).hash);
/** Between the axes. */
async function plotBox(page) {
  await page.locator('.u-over').waitFor();
  return page.locator('.u-over').boundingBox();
}
/** The trend was answered and drawn. */
async function drawn(page) {
  await page.locator('.trend-foot').getByText(/sample/).first().waitFor();
  await until('nothing is asked any more', async () => (await page.locator('.trend-busy-on').count()) === 0);
}
async function drag(page, from, to) {
  const box = await plotBox(page), y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * from, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * to, y, { steps: 8 });
  await page.mouse.up();
}
const spanOf = (page) => {
  const query = new URLSearchParams(hash(page).split('?')[1]);
  return [Date.parse(query.get('from')), Date.parse(query.get('to'))];
};
/** How many pixels of the trend have a colour other than those beside the lines. */
const colours = (page) => page.locator('.trend-canvas canvas').evaluate((canvas) => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const found = new Set();
  for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 250) found.add(`${data[i]},${data[i + 1]},${data[i + 2]}`);
  return found.size;
});

await play({
  async a_trend_asks_for_its_pixels_and_no_more() {
    await visit(async (page) => {
      const asked = [];
      page.on('request', (request) => request.url().includes('/v1/trend') && asked.push(new URL(request.url()).searchParams));
      await go(page, `points/${TEMP}?last=24h`);
      await drawn(page);
      const box = await plotBox(page);
      must(asked.length >= 1 && asked.length <= 2, `${asked.length} questions`);
      must(Number(asked.at(-1).get('width')) === Math.round(box.width), `${asked.at(-1).get('width')} of ${box.width}`);
      await page.locator('.trend-foot').getByText(/8,2\d\d samples/).first().waitFor();
      must((await colours(page)) > 5, 'something is drawn');
    });
  },

  async a_trend_is_dragged_and_zoomed_and_back_undoes_it() {
    await visit(async (page) => {
      await go(page, `points/${TEMP}?last=24h`);
      await drawn(page);
      await drag(page, 0.3, 0.8);
      await page.waitForURL(/from=/);
      const [from, to] = spanOf(page);
      must(Math.abs(to - from - DAY) < 1000, 'dragging keeps the length');
      must(Math.abs(Date.now() - DAY / 2 - to) < DAY / 20, 'half a day back');
      await page.goBack();
      await until('back', async () => hash(page).endsWith('last=24h'));
      await page.goForward();
      await page.waitForURL(/from=/);

      const box = await plotBox(page);
      await page.mouse.click(box.x + box.width / 4, box.y + 20); // the wheel is the page's until then
      for (let i = 0; i < 4; i++) await page.mouse.wheel(0, -200);
      await until('the wheel zooms', async () => spanOf(page)[1] - spanOf(page)[0] < DAY / 2);
      const [near, far] = spanOf(page);
      must(Math.abs(near + (far - near) / 4 - (from + DAY / 4)) < DAY / 100, 'what is under the cursor stays');
      await page.goBack();
      await until('one step for all its turns', async () => spanOf(page)[0] === from);

      await page.keyboard.down('Shift');
      await drag(page, 0.5, 0.75);
      await page.keyboard.up('Shift');
      await until('what was selected is shown', async () => Math.abs(spanOf(page)[1] - spanOf(page)[0] - DAY / 4) < DAY / 100);
      page.complaints.length = 0;
    });
  },

  async fingers_move_and_zoom_too() {
    await visit(async (page) => {
      await go(page, `points/${TEMP}?last=8h`);
      await drawn(page);
      await page.locator('.trend-canvas').scrollIntoViewIfNeeded();
      const box = await plotBox(page), y = box.y + 100;
      const touch = await page.context().newCDPSession(page);
      const send = (type, xs) => touch.send('Input.dispatchTouchEvent', { type, touchPoints: xs.map((x, id) => ({ x, y, id })) });
      await send('touchStart', [box.x + 100, box.x + 200]);
      for (let i = 1; i <= 5; i++) await send('touchMove', [box.x + 100 - 10 * i, box.x + 200 + 10 * i]);
      await send('touchEnd', []);
      await page.waitForURL(/from=|last=/);
      await until('two fingers zoom', async () => {
        const [from, to] = spanOf(page);
        return Math.abs((to - from) / (DAY / 3) - 0.5) < 0.05;
      });
      const [from] = spanOf(page);
      await send('touchStart', [box.x + 100]);
      for (let i = 1; i <= 5; i++) await send('touchMove', [box.x + 100 + 20 * i]);
      await send('touchEnd', []);
      await until('one finger moves', async () => spanOf(page)[0] < from);
    }, { size: PHONE, touch: true });
  },

  async the_keyboard_reads_a_trend() {
    await visit(async (page) => {
      await go(page, `points/${TEMP}?from=${new Date(NOW - 120_000).toISOString()}&to=${new Date(NOW - 60_000).toISOString()}`);
      await drawn(page);
      await page.locator('.trend-canvas').focus();
      await page.keyboard.press('.');
      const said = page.locator('.trend-frame [role=status]');
      const first = await said.textContent();
      must(/degC/.test(first), first);
      await page.keyboard.press('.');
      await until('the next sample', async () => (await said.textContent()) !== first);
      await page.keyboard.press('-');
      await until('minus zooms out', async () => spanOf(page)[1] - spanOf(page)[0] === 90_000);
      await page.keyboard.press('Home');
      await page.waitForURL(/last=all/);
      await page.locator('.trend-foot').getByText(/16,9\d\d samples/).first().waitFor();
    });
  },

  async what_comes_live_is_in_the_trend_at_once() {
    await visit(async (page) => {
      await go(page, `points/${TEMP}?last=60s`);
      await page.locator('.trend-foot .cost').waitFor();
      await page.getByText('Live', { exact: true }).first().waitFor();
      await api('POST', '/v1/samples', { path: TEMP, value: 123.5 });
      await page.getByRole('region', { name: 'Point', exact: true }).getByText('123.5').first().waitFor();
      const box = await plotBox(page), readout = page.locator('.trend-readout');
      await until('the cursor finds it at the end of the line', async () => {
        await page.mouse.move(box.x + box.width - 3 - (Date.now() % 3), box.y + 50);
        return /^123\.5 degC/.test(await readout.textContent());
      });
    });
  },

  async statistics_are_the_servers() {
    await visit(async (page) => {
      const [from, to] = [new Date(NOW - DAY).toISOString(), new Date(NOW).toISOString()];
      await go(page, `points/${TEMP}?from=${from}&to=${to}`);
      const card = page.getByRole('region', { name: 'Statistics of what is shown' });
      const asked = await api('GET', `/v1/buckets?path=${TEMP}&from=${from}&to=${to}&count=1&aggregates=count,max,p95`);
      const [, count, max, p95] = asked.points[0].buckets[0];
      await card.getByText(count.toLocaleString('en-GB'), { exact: true }).waitFor();
      await card.getByTitle(String(max), { exact: true }).first().waitFor();
      await card.getByTitle(String(p95), { exact: true }).waitFor();
    });
  },

  async a_span_without_samples_says_so_and_where_the_last_one_is() {
    await visit(async (page) => {
      const [from, to] = [NOW - 20.6 * 3_600_000, NOW - 20.4 * 3_600_000].map((time) => new Date(time).toISOString());
      await go(page, `points/${TEMP}?from=${from}&to=${to}`);
      await page.getByText('There are no samples in this span').waitFor();
      await page.getByRole('button', { name: 'Go there' }).click();
      await page.locator('.trend-foot').getByText(/[1-9]\d* samples/).first().waitFor();
    });
  },

  /** The answers are the server's, with what a damaged disk or a long question would make of them. */
  async what_is_missing_is_named_and_a_refused_question_says_what_to_do() {
    await visit(async (page) => {
      let refuse = false;
      await page.route('**/v1/trend?*', async (route) => {
        if (refuse)
          return route.fulfill({ status: 503, contentType: 'application/problem+json',
            body: JSON.stringify({ code: 'query_time', title: 'too long', detail: 'worked for 60 s', status: 503 }) });
        const answer = await route.fetch();
        const body = await answer.json();
        body.missing = [{ file: 'raw/17.part', points: [1], first: NOW - DAY, last: NOW - DAY / 2, why: 'chunk 3 is damaged' }];
        return route.fulfill({ response: answer, json: body });
      });
      await go(page, `points/${TEMP}?last=24h`);
      const note = page.getByRole('alert').filter({ hasText: 'raw/17.part' });
      await note.waitFor();
      must(/lacks.*chunk 3 is damaged/s.test(await note.textContent()), await note.textContent());
      refuse = true;
      await page.getByRole('button', { name: '7 d', exact: true }).click();
      await page.getByRole('alert').filter({ hasText: 'choose a shorter span' }).waitFor();
      refuse = false;
      await page.getByRole('button', { name: 'Try again' }).click();
      await page.getByRole('alert').filter({ hasText: 'choose a shorter span' }).waitFor({ state: 'detached' });
      page.complaints.length = 0; // the 503
    });
  },

  async samples_are_a_table_and_one_is_corrected() {
    await visit(async (page) => {
      const [from, to] = [new Date(NOW - DAY).toISOString(), new Date(NOW).toISOString()];
      await go(page, `points/${LOAD}?from=${from}&to=${to}`);
      await page.getByRole('button', { name: 'Show the table' }).click();
      const grid = page.getByRole('grid', { name: 'Samples' });
      await grid.getByRole('row').nth(2).waitFor();
      await grid.focus();
      for (let i = 0; i < 12; i++) {
        await page.keyboard.press('End');
        await page.waitForTimeout(120);
        const shown = await grid.getByRole('row').count();
        must(shown > 5 && shown <= 500, `${shown} rows in the page`);
      }
      await page.getByText('8,640 samples').first().waitFor();
      await page.keyboard.press('Home');
      await page.keyboard.press('Enter');
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Value').fill('not a number');
      await dialog.getByText('no value of the point').waitFor();
      await dialog.getByLabel('Value').fill('777.5');
      await dialog.getByLabel('Reason').fill('the cell was unplugged');
      await dialog.getByRole('button', { name: 'Correct' }).click();
      await dialog.waitFor({ state: 'detached' });
      const row = grid.getByRole('row').filter({ hasText: '777.5' });
      await row.locator('del').waitFor();
      const notes = page.getByRole('region', { name: 'Annotations and corrections' });
      await notes.getByText('the cell was unplugged').waitFor();
      const [correction] = (await api('GET', `/v1/corrections?path=${LOAD}`)).corrections;
      must(correction.value === 777.5 && typeof correction.original.value === 'number', JSON.stringify(correction));
    });
  },

  async an_annotation_is_added_shown_removed_and_taken_back() {
    await visit(async (page) => {
      await go(page, `points/${TEMP}?last=24h`);
      await drawn(page);
      await page.getByRole('button', { name: 'Add an annotation' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Text').fill('new bearing');
      await dialog.getByLabel('Author').fill('Li Wei');
      await dialog.getByRole('button', { name: 'Add', exact: true }).click();
      await dialog.waitFor({ state: 'detached' });
      const notes = page.getByRole('region', { name: 'Annotations and corrections' });
      await notes.getByText('new bearing').waitFor();
      await notes.getByText('Li Wei').waitFor();
      await notes.getByRole('button', { name: /Remove the annotation/ }).click();
      await notes.getByText('new bearing').waitFor({ state: 'detached' });
      await page.getByRole('button', { name: 'Undo' }).click();
      await notes.getByText('new bearing').waitFor();
      const { annotations } = await api('GET', `/v1/annotations?path=${TEMP}`);
      must(annotations.length === 1 && annotations[0].author === 'Li Wei', JSON.stringify(annotations));
    });
  },

  async several_points_are_compared() {
    await visit(async (page) => {
      await go(page, 'trends?last=24h');
      const field = page.getByRole('combobox', { name: /Add a point/ });
      await field.fill('drum-1/temp');
      await page.getByRole('option', { name: TEMP }).waitFor();
      await field.press('Enter');
      await until('it is in the address', async () => hash(page).includes(`p=${TEMP}`));
      await field.fill('mill/line-1/+/temp');
      await page.getByRole('option', { name: OTHER }).click();
      await field.fill('drum-1');
      await page.getByRole('button', { name: 'Add all 3' }).click();
      const legend = page.getByRole('list', { name: 'Points in this trend' });
      await until('five are there', async () => (await legend.getByRole('listitem').count()) === 5);
      await drawn(page);
      await page.getByRole('region', { name: 'Statistics of what is shown' }).getByRole('rowheader', { name: /drum-2/ }).waitFor();
      const box = await plotBox(page);
      await page.mouse.move(box.x + box.width / 2, box.y + 50);
      await legend.getByText(/degC/).first().waitFor();
      await legend.getByRole('listitem').filter({ hasText: 'load' }).getByText(/kN/).waitFor();

      await legend.getByRole('button', { name: 'drum-2' }).first().click();
      await page.waitForURL(/hide=2/);
      await page.getByLabel('Axes').selectOption('share');
      await page.waitForURL(/axes=share/);
      const link = page.url();
      await page.getByRole('button', { name: `Take out ${LOAD}` }).click();
      await until('four are left', async () => (await legend.getByRole('listitem').count()) === 4);
      await page.goBack();
      await until('back', async () => page.url() === link);

      await visit(async (other) => {
        await other.goto(link);
        const same = other.getByRole('list', { name: 'Points in this trend' });
        await until('a link shows the same', async () => (await same.getByRole('listitem').count()) === 5);
        must((await same.locator('[aria-pressed=false]').count()) === 1, 'with what is hidden');
        must((await other.getByLabel('Axes').inputValue()) === 'share', 'with its axes');
      });
    });
  },

  async views_are_saved_renamed_deleted_and_taken_back() {
    await visit(async (page) => {
      await go(page, `trends?p=${TEMP}&last=8h`);
      await page.getByRole('button', { name: 'Saved views' }).click();
      await page.getByRole('button', { name: 'Save this view' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Name').fill('night shift');
      await dialog.getByRole('button', { name: 'Save' }).click();
      await go(page, 'trends');
      await page.reload();
      await page.getByRole('button', { name: 'Saved views' }).click();
      await page.getByRole('link', { name: 'night shift' }).click();
      await until('it is shown', async () => hash(page) === `#/trends?p=${TEMP}&last=8h`);
      await page.getByRole('button', { name: 'Saved views' }).click();
      await page.getByRole('button', { name: 'Rename night shift' }).click();
      await dialog.getByLabel('Name').fill('day shift');
      await dialog.getByRole('button', { name: 'Save' }).click();
      await page.getByRole('button', { name: 'Delete day shift' }).click();
      await page.getByRole('link', { name: 'day shift' }).waitFor({ state: 'detached' });
      await page.getByRole('button', { name: 'Undo' }).click();
      await page.getByRole('button', { name: 'Saved views' }).click();
      if (!(await page.getByRole('link', { name: 'day shift' }).isVisible()))
        await page.getByRole('button', { name: 'Saved views' }).click();
      await page.getByRole('link', { name: 'day shift' }).waitFor();
    });
  },

  async sql_is_completed_run_and_drawn() {
    await visit(async (page) => {
      await go(page, 'sql');
      const field = page.getByRole('textbox', { name: 'Statement' });
      await page.locator('.schema summary').filter({ hasText: 'buckets' }).waitFor();
      await field.fill('');
      await field.pressSequentially('select time, va');
      await page.getByRole('option', { name: /^value/ }).first().waitFor();
      await page.keyboard.press('Tab');
      await field.pressSequentially(' from sam');
      await page.getByRole('option', { name: /^samples/ }).waitFor();
      await page.keyboard.press('Enter');
      await field.pressSequentially(` where path = '${LOAD}'`);
      must((await field.inputValue()) === `select time, value from samples where path = '${LOAD}'`, await field.inputValue());
      await page.keyboard.press('Control+Enter');
      await page.getByText('10,000 rows').waitFor();
      await page.getByText('There are more; raise the limit').waitFor();
      const grid = page.getByRole('grid', { name: 'Result' });
      await grid.focus();
      await page.keyboard.press('End');
      await page.waitForTimeout(200);
      const rows = await grid.getByRole('row').count();
      must(rows > 5 && rows <= 500, `${rows} rows in the page`);
      await page.getByRole('button', { name: 'Chart', exact: true }).click();
      await page.locator('.sql-chart canvas').waitFor();
      await page.waitForTimeout(200);
      must((await colours(page)) > 3, 'something is drawn');
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'CSV' }).click()]);
      const lines = readFileSync(await download.path(), 'utf8').trim().split('\r\n');
      must(lines.length === 10_001 && lines[0] === 'time,value' && /^\d{19},/.test(lines[1]), lines.slice(0, 2).join());

      const link = page.url();
      await visit(async (other) => {
        await other.goto(link);
        await other.getByText('10,000 rows').waitFor();
      });
    });
  },

  async sql_that_is_wrong_says_where() {
    await visit(async (page) => {
      await go(page, 'sql');
      const field = page.getByRole('textbox', { name: 'Statement' });
      await field.fill("select '温度',\n  pth from live");
      await field.press('Control+Enter');
      await page.getByRole('alert').getByText('no such column: pth').waitFor();
      await page.getByText('Line 2, column 3.').waitFor();
      const chosen = await field.evaluate((element) => element.value.slice(element.selectionStart, element.selectionEnd));
      must(chosen === 'pth', `"${chosen}" is selected`);
      await page.keyboard.type('path');
      await field.press('Control+Enter');
      await page.getByText(/\d rows/).waitFor();
      await page.getByRole('region', { name: 'Run before' }).getByRole('button').nth(1).click();
      await page.getByText('no such column: pth').first().waitFor();
      page.complaints.length = 0; // the 422
    });
  },

  async sql_that_takes_too_long_is_cancelled() {
    await visit(async (page) => {
      await go(page, 'sql');
      await page.getByRole('textbox', { name: 'Statement' }).fill('select sum(a.value * b.value) from samples a, samples b');
      await page.getByRole('button', { name: 'Run', exact: true }).click();
      await page.getByText('Running', { exact: true }).waitFor();
      await page.waitForTimeout(300);
      await page.getByRole('button', { name: 'Cancel' }).click();
      await page.getByText('Cancelled.').waitFor();
      await page.getByRole('button', { name: 'How many points of which unit?' }).click();
      await page.getByText(/\d rows/).waitFor();
      page.complaints.length = 0;
    });
  },

  async each_question_to_begin_with_can_be_asked() {
    await visit(async (page) => {
      await go(page, 'sql');
      const questions = page.getByRole('region', { name: 'Questions to begin with' }).getByRole('button');
      await questions.first().waitFor();
      const count = await questions.count();
      must(count >= 8, `${count} questions`);
      for (let i = 0; i < count; i++) {
        const answered = page.waitForResponse((response) => response.url().endsWith('/v1/sql'));
        await questions.nth(i).click();
        const answer = await answered;
        must(answer.ok(), `${await questions.nth(i).textContent()}: ${await answer.text()}`);
        await page.getByRole('region', { name: 'Result' }).waitFor();
      }
    });
  },

  async policies_are_made_ordered_tried_and_taken_back() {
    await visit(async (page) => {
      await go(page, 'policies');
      await page.getByText('everything is kept for ever').first().waitFor();
      const dialog = page.getByRole('dialog');
      for (const [name, match, keep] of [['all', '#', ''], ['mills', 'mill/#', '400d']]) {
        await page.getByRole('button', { name: 'Add a policy' }).click();
        await dialog.getByLabel('Name').fill(name);
        await dialog.getByLabel('Points').fill(match);
        await dialog.getByLabel('Raw samples are kept').fill(keep);
        await dialog.getByLabel('each hour', { exact: true }).check();
        await dialog.getByRole('button', { name: 'Save' }).click();
        await dialog.waitFor({ state: 'detached' });
        await page.getByRole('heading', { name: new RegExp(`^${name} `) }).waitFor();
      }
      await page.getByRole('searchbox').fill(TEMP);
      await page.getByText(`For ${TEMP}, all decides.`).waitFor();
      await page.getByRole('button', { name: 'Move mills up' }).click();
      await page.getByText(`For ${TEMP}, mills decides.`).waitFor();
      const { policies } = await api('GET', '/v1/policies');
      must(policies[0].name === 'mills' && policies[0].retention_s === 400 * 86400 && policies[0].rollups.hour_s === 0,
        JSON.stringify(policies));
      await page.getByRole('button', { name: 'Remove mills' }).click();
      await page.getByText(`For ${TEMP}, all decides.`).waitFor();
      await page.getByRole('button', { name: 'Undo' }).click();
      await page.getByText(`For ${TEMP}, mills decides.`).waitFor();
      must(JSON.stringify((await api('GET', '/v1/policies')).policies.map(({ name, rank }) => [name, rank])) ===
        '[["mills",1],["all",2]]', 'it is back where it was');
    });
  },

  async every_page_of_history_is_good_in_both_languages_themes_and_sizes() {
    for (const [language, size, dark] of [['en', DESKTOP, false], ['zh', DESKTOP, true], ['zh', PHONE, false], ['en', PHONE, true]])
      await visit(async (page) => {
        const look = `${language}, ${size.width}${dark ? ', dark' : ''}`;
        for (const address of [`points/${TEMP}?last=24h`, `points/${MODE}?last=24h`,
          `trends?p=${TEMP}&p=${OTHER}&p=${LOAD}&p=${MODE}&p=${RUNS}&last=24h`, 'trends', 'policies',
          `sql?q=${encodeURIComponent(`select time, path, value from samples where path glob 'mill/*' limit 2000`)}`]) {
          await go(page, address);
          await page.getByRole('heading', { level: 1 }).waitFor();
          if (address.includes('last')) await page.locator('.trend-foot .cost').waitFor();
          await page.waitForTimeout(700);
          await goodOfPage(page, `${address} (${look})`);
        }
        await go(page, `points/${TEMP}?last=24h`);
        await page.getByRole('button', { name: language === 'en' ? 'Show the table' : '显示表格' }).click();
        await page.getByRole('grid').getByRole('row').nth(3).click();
        await goodOfPage(page, `the table of samples (${look})`);
        await page.getByRole('button', { name: language === 'en' ? 'Calendar' : '日历' }).click();
        await page.waitForTimeout(400); // it rises
        await goodOfPage(page, `the calendar (${look})`);
      }, { language, size, dark, touch: size !== DESKTOP, bypassCSP: true });
  },
});
