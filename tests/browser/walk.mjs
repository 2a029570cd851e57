// Every page and story of the console, walked through by a browser on a server that was just started.
// Usage: node walk.mjs HTTP-ADDRESS MQTT-ADDRESS [STORY...]
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { DESKTOP, MODULES, NARROW, PHONE, goodOfPage, house, launch, must, openBranch, play, treeRow, until }
  from './browser.mjs';

const [, , http, mqtt] = process.argv;
const PAGES = ['overview', 'points', 'trends', 'sql', 'topics', 'retained', 'clients', 'refused', 'policies', 'settings'];
const TITLES = {
  en: ['Overview', 'Points', 'Trends', 'SQL', 'Topics', 'Retained messages', 'Clients and sessions', 'Refused', 'Retention', 'Settings in force'],
  zh: ['总览', '测点', '趋势', 'SQL 查询', '主题', '保留消息', '客户端与会话', '被拒消息', '保留策略', '当前设置'],
};

const browser = await launch();
const { api, visit, go } = house(browser, http);
const sample = (path, value) => api('POST', '/v1/samples', { path, value });
const point = (path) => api('GET', `/v1/points/${path}`);

/** The one who started us can stop the server and start it again. */
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
async function ask(what) {
  console.log(`ask ${what}`);
  const { value } = await answers.next();
  must(value === 'done', `the server was to ${what}: ${value}`);
}

await play({
  async an_empty_server_says_the_next_step() {
    await visit(async (page) => {
      await page.getByText('All is well').waitFor();
      await go(page, 'points');
      const snippet = page.getByText('mosquitto_pub');
      await snippet.waitFor();
      const [host, port] = mqtt.split(':');
      const text = await snippet.textContent();
      must(text.includes(host) && text.includes(port), `${text} does not name ${mqtt}`);
      for (const [hash, words] of [['topics', 'No topic was seen yet'], ['retained', 'Nothing is retained'],
        ['refused', 'Nothing was refused'], ['clients', 'Nobody is connected']]) {
        await go(page, hash);
        await page.getByText(words).first().waitFor();
      }
    });
  },

  async a_reading_appears_and_ticks() {
    await visit(async (page) => {
      await go(page, 'points');
      await page.getByRole('heading', { level: 1 }).waitFor();
      await sample('plant/line-1/press-3/temp', 20.5);
      await treeRow(page, 'plant').waitFor();
      await page.getByRole('tree').focus();
      await openBranch(page, 'plant');
      await page.keyboard.press('Home');
      for (const name of ['line-1', 'press-3', 'temp']) {
        await treeRow(page, name).waitFor();
        await page.keyboard.press('ArrowDown');
        if ((await treeRow(page, name).getAttribute('aria-expanded')) === 'false') await page.keyboard.press('ArrowRight');
      }
      await page.keyboard.press('Enter');
      await page.getByRole('region', { name: 'Point', exact: true }).getByText('20.5').first().waitFor();
      for (const value of [21.25, 22.75]) {
        await sample('plant/line-1/press-3/temp', value);
        await page.getByRole('region', { name: 'Point', exact: true }).getByText(String(value)).first().waitFor();
        await treeRow(page, 'temp').getByText(String(value)).waitFor();
      }
    });
  },

  async a_point_is_created_edited_renamed_and_retired() {
    await visit(async (page) => {
      await go(page, 'points');
      await page.getByRole('button', { name: 'New point' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Path').fill('made/by hand/level');
      await dialog.getByRole('button', { name: 'Create', exact: true }).click();
      await until('the point is there', async () => (await fetch(`http://${http}/v1/points/made/by%20hand/level`)).ok);
      await page.getByRole('heading', { name: 'level' }).waitFor();

      await page.getByRole('button', { name: 'Edit' }).click();
      await dialog.getByLabel('Unit').fill('mm');
      await dialog.getByLabel('Description').fill('how full it is');
      await dialog.getByLabel('high', { exact: true }).fill('900');
      await dialog.getByRole('button', { name: 'Save' }).click();
      await dialog.waitFor({ state: 'detached' });
      const changed = await point('made/by%20hand/level');
      must(changed.unit === 'mm' && changed.description === 'how full it is' && changed.limits.high === 900,
        JSON.stringify(changed));

      await page.getByRole('button', { name: 'Rename' }).click();
      await dialog.getByLabel('Path').fill('made/by machine/level');
      await dialog.getByRole('button', { name: 'Rename' }).click();
      await until('it is renamed', async () => (await fetch(`http://${http}/v1/points/made/by%20machine/level`)).ok);
      await page.waitForURL(/machine/);

      await page.getByRole('button', { name: 'Retire' }).click();
      await dialog.getByRole('button', { name: 'Retire the point' }).click();
      await until('it is retired', async () =>
        (await fetch(`http://${http}/v1/points/made/by%20machine/level`)).status === 404);
      await page.getByRole('button', { name: 'Create it again' }).click();
      await until('it is there again', async () =>
        (await fetch(`http://${http}/v1/points/made/by%20machine/level`)).ok);
      must((await point('made/by%20machine/level')).limits.high === 900, 'what was taken back is whole');
      page.complaints.length = 0; // a browser names the 404 that was asked for
    });
  },

  async a_branch_shows_the_points_below_it() {
    for (let i = 1; i <= 12; i++) await sample(`hall/line-1/press-${i}/temp`, i + 0.5);
    await visit(async (page) => {
      const pane = page.getByRole('region', { name: 'Point', exact: true });
      const rows = pane.getByRole('listbox', { name: 'Points below' }).getByRole('option');
      await go(page, 'points/hall/line-1');
      await pane.getByRole('heading', { level: 1, name: 'line-1' }).waitFor();
      await pane.getByRole('heading', { name: '12 points below' }).waitFor();
      await until('the twelve are listed', async () => (await rows.count()) === 12);
      const first = await rows.nth(1).textContent();
      must(first.startsWith('press-2/temp') && first.includes('2.5') && first.includes('good'), first);
      must((await pane.getByText("mainstem live 'hall/line-1/#'").count()) === 1, 'the pattern to watch is named');
      await sample('hall/line-1/press-2/temp', 77.25);
      await rows.nth(1).getByText('77.25').waitFor();
      await sample('hall/line-1/press-13/temp', 1);
      await pane.getByRole('heading', { name: '13 points below' }).waitFor();
      await until('the new one is listed', async () => (await rows.count()) === 13);

      await pane.getByRole('button', { name: 'Create a point here' }).click();
      const dialog = page.getByRole('dialog');
      must((await dialog.getByLabel('Path').inputValue()) === 'hall/line-1/', 'the path begins with the branch');
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
      await rows.nth(1).click();
      await pane.getByRole('heading', { level: 1, name: 'temp' }).waitFor();
    });
  },

  async a_branch_is_chosen_in_the_tree() {
    await visit(async (page) => {
      await go(page, 'points');
      const hall = treeRow(page, 'hall'), pane = page.getByRole('region', { name: 'Point', exact: true });
      const isOpen = async () => (await hall.getAttribute('aria-expanded')) === 'true';
      await hall.waitFor();
      await page.waitForTimeout(500);
      if (await isOpen()) await hall.locator('.twist').click();
      await until('the twist closes', async () => !(await isOpen()));
      must(/#\/points$/.test(page.url()), 'the twist chooses nothing');
      await hall.locator('.row-name').click();
      await pane.getByRole('heading', { level: 1, name: 'hall' }).waitFor();
      await until('its name opens it', isOpen);
      await hall.locator('.row-name').click();
      must(await isOpen(), 'its name does not close it');

      await page.getByRole('tree').focus();
      await page.keyboard.press('ArrowLeft');
      await until('an arrow closes it', async () => !(await isOpen()));
      await page.keyboard.press('ArrowRight');
      await until('an arrow opens it', isOpen);
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('Enter');
      await pane.getByRole('heading', { level: 1, name: 'line-1' }).waitFor();
    });
  },

  async a_path_may_be_point_and_branch_or_neither() {
    await sample('both', 5);
    await sample('both/inner', 6);
    await visit(async (page) => {
      const pane = page.getByRole('region', { name: 'Point', exact: true });
      await go(page, 'points/both');
      await pane.getByRole('heading', { name: '1 point below' }).waitFor();
      await pane.getByRole('button', { name: 'Retire' }).waitFor();
      await pane.getByRole('option').filter({ hasText: 'inner' }).waitFor();
      await go(page, 'points/bo');
      await page.getByText('There is no such point').waitFor();
    });
  },

  async retained_messages_and_clients_are_listed() {
    const { connectAsync } = createRequire(`${MODULES}/`)('mqtt');
    const client = await connectAsync(`mqtt://${mqtt}`, { clientId: 'walker-7', protocolVersion: 5 });
    await client.subscribeAsync('orders/#');
    await client.publishAsync('recipes/press-3', '{"name":"lid","cycles":40}', { qos: 1, retain: true });
    await visit(async (page) => {
      await go(page, 'retained');
      const row = page.getByRole('row').filter({ hasText: 'recipes/press-3' });
      await row.getByText('{"name":"lid","cycles":40}').waitFor();
      await go(page, 'clients');
      await page.getByRole('row').filter({ hasText: 'walker-7' }).getByText('connected').waitFor();
      await client.endAsync();
      await page.getByRole('button', { name: 'Ask again' }).click();
      await page.getByRole('row').filter({ hasText: 'walker-7' }).waitFor({ state: 'detached' });
    });
  },

  async a_wrong_wish_is_answered_with_what_to_do() {
    await visit(async (page) => {
      await go(page, 'points');
      await page.getByRole('button', { name: 'New point' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Path').fill('plant/line-1/press-3/temp');
      await dialog.getByRole('button', { name: 'Create', exact: true }).click();
      await dialog.getByText('This path is taken').waitFor();
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
      page.complaints.length = 0; // and the 409
    });
  },

  async search_finds_by_text_and_pattern() {
    for (let i = 1; i <= 30; i++) await sample(`search/device-${i}/pressure`, i);
    await visit(async (page) => {
      await go(page, 'points');
      const search = page.getByRole('searchbox').first();
      await search.fill('DEVICE-2');
      const found = page.getByRole('listbox', { name: 'Points found' }).getByRole('option');
      await until('eleven are found', async () => (await found.count()) === 11);
      await search.fill('search/+/pressure');
      await until('thirty are found', async () => /\b30\b/.test(await page.getByRole('status').allTextContents().then(String)));
      const names = await found.allTextContents();
      must(names[0].includes('device-1/') && names[1].includes('device-2/') && names[9].includes('device-10/'),
        `not in natural order: ${names.slice(0, 11)}`);
      await search.fill('no such thing');
      await page.getByText('Nothing holds').waitFor();
    });
  },

  async refusals_and_topics_tell_why() {
    await fetch(`http://${http}/v1/samples`, { method: 'POST', headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify([{ path: 'plant/line-1/press-3/temp', value: 'warm' }, { path: 'odd/ok', value: 1 }]) });
    await visit(async (page) => {
      await go(page, 'refused');
      await page.getByText('plant/line-1/press-3/temp').first().waitFor();
      await go(page, 'points/plant/line-1/press-3/temp');
      await page.getByText('cannot become').first().waitFor();
    });
  },

  async another_mapping_is_tried_without_changing_anything() {
    await visit(async (page) => {
      const before = await api('GET', '/v1/topics');
      await go(page, 'topics');
      await page.getByLabel('readings.path').fill('site/{2}/{3-}');
      await page.getByRole('button', { name: 'Try it' }).click();
      await page.getByText('topics would change').waitFor();
      await page.getByText('restart the server').waitFor();
      const after = await api('GET', '/v1/topics');
      must(before.template === after.template, 'a dry run changed the template');
      await page.getByLabel('readings.path').fill('{2');
      await page.getByRole('button', { name: 'Try it' }).click();
      await page.getByRole('alert').first().waitFor();
      page.complaints.length = 0; // the 422
    });
  },

  async language_and_theme_stay() {
    await visit(async (page) => {
      await page.getByRole('button', { name: '中文' }).first().click();
      await page.getByRole('heading', { level: 1, name: '总览' }).waitFor();
      await page.reload();
      await page.getByRole('heading', { level: 1, name: '总览' }).waitFor();
      must((await page.getAttribute('html', 'lang')) === 'zh-CN', 'the page says its language');
      const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
      const light = await ground();
      await until('it is dark', async () => {
        await page.getByRole('button', { name: /主题/ }).first().click();
        return (await ground()) !== light;
      });
      const dark = await ground();
      await page.reload();
      must((await ground()) === dark, 'the theme was forgotten');
    });
  },

  async the_server_goes_away_and_comes_back() {
    await visit(async (page) => {
      await go(page, 'points/plant/line-1/press-3/temp');
      await page.getByText('Live', { exact: true }).first().waitFor();
      await ask('stop');
      await page.getByRole('alert').filter({ hasText: 'does not answer' }).waitFor();
      await ask('start');
      await page.getByRole('alert').filter({ hasText: 'does not answer' }).waitFor({ state: 'detached' });
      await sample('plant/line-1/press-3/temp', 33.5);
      await page.getByRole('region', { name: 'Point', exact: true }).getByText('33.5').first().waitFor();
      page.complaints.length = 0; // connections that were refused
    });
  },

  async every_page_is_good_in_both_languages_themes_and_all_sizes() {
    for (const [language, size, dark] of [['en', DESKTOP, false], ['zh', DESKTOP, true], ['zh', PHONE, false],
      ['en', PHONE, true], ['en', NARROW, false], ['zh', NARROW, true]])
      await visit(async (page) => {
        for (const [index, hash] of PAGES.entries()) {
          await go(page, hash);
          await page.getByRole('heading', { level: 1, name: TITLES[language][index], exact: true }).waitFor();
          await page.waitForTimeout(300);
          await goodOfPage(page, `${hash} (${language}, ${size.width}${dark ? ', dark' : ''})`);
        }
        await go(page, 'points/plant/line-1/press-3/temp');
        await page.getByText('33.5').first().waitFor();
        await page.waitForTimeout(300);
        await goodOfPage(page, `the point (${language}, ${size.width}${dark ? ', dark' : ''})`);
        await go(page, 'points/hall/line-1');
        await page.getByText('77.25').first().waitFor();
        await page.waitForTimeout(300);
        await goodOfPage(page, `the branch (${language}, ${size.width}${dark ? ', dark' : ''})`);
      }, { language, size, dark, touch: size !== DESKTOP, bypassCSP: true });
  },

  async the_keyboard_alone_is_enough() {
    await visit(async (page) => {
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.keyboard.press('Tab');
      must(/skip/i.test(await page.evaluate(() => document.activeElement.textContent)), 'the first stop skips');
      await page.keyboard.press('Enter');
      must((await page.evaluate(() => document.activeElement.id)) === 'main', 'skipping leads to the content');
      for (let i = 0; i < 40; i++) {
        await page.keyboard.press('Shift+Tab');
        if ((await page.evaluate(() => document.activeElement.getAttribute('href'))) === '#/settings') break;
      }
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { level: 1, name: 'Settings in force' }).waitFor();
    });
  },

  async the_api_page_reads_well() {
    await visit(async (page) => {
      for (const size of [DESKTOP, NARROW]) {
        await page.setViewportSize(size);
        await page.goto(`http://${http}/docs`);
        await page.getByRole('heading', { level: 1 }).waitFor();
        await goodOfPage(page, `/docs (${size.width})`);
      }
    }, { bypassCSP: true });
  },

  async a_hundred_thousand_points_are_few_rows() {
    const paths = Array.from({ length: 100000 }, (_, i) => `{"path":"many/device-${i}","value":${i}}`);
    for (let from = 0; from < paths.length; from += 20000) {
      const answer = await fetch(`http://${http}/v1/samples`, { method: 'POST',
        headers: { 'Content-Type': 'application/x-ndjson' }, body: paths.slice(from, from + 20000).join('\n') });
      must(answer.ok, await answer.text());
    }
    await until('all are in the tree', async () => (await api('GET', '/v1/tree?path=many&limit=1')).count === 100000);
    await visit(async (page) => {
      await go(page, 'points');
      await openBranch(page, 'many');
      await treeRow(page, 'device-0').waitFor();
      const tree = page.getByRole('tree');
      await tree.focus();
      for (let i = 0; i < 5; i++) {
        await page.keyboard.press('End');
        await page.waitForTimeout(200);
        const rows = await page.getByRole('treeitem').count();
        must(rows > 5 && rows <= 500, `${rows} rows in the page`);
      }
    });
  },
});
