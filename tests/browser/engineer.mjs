// An engineer gives the plant its shape: a type, a device adopted from the inbox, its page with live values, how it
// was before, a document, and a board with a widget that is moved by keys.
// Usage: node engineer.mjs HTTP-ADDRESS MQTT-ADDRESS SETUP-LINK
import { NARROW, goodOfPage, house, launch, must, play, until } from './browser.mjs';

const [, , http, , link] = process.argv;
const browser = await launch();
const { visit, go } = house(browser, http);
const ANN = 'nine herons on a tin roof', EVE = 'two herons on a slate roof';

/** What a page itself may ask, with its cookie. */
const ask = (page, method, path, body) => page.evaluate(async ([verb, address, text]) => {
  const answer = await fetch(address, { method: verb, credentials: 'same-origin',
    headers: text ? { 'Content-Type': 'application/json' } : {}, ...(text ? { body: text } : {}) });
  return { status: answer.status, body: await answer.json().catch(() => null) };
}, [method, path, body && JSON.stringify(body)]);

async function enter(page, user, password) {
  const { status } = await ask(page, 'POST', '/v1/session', { user, password });
  must(status === 200, `${user} does not come in: ${status}`);
  await page.reload();
  await page.getByRole('navigation').first().waitFor();
  page.complaints.length = 0;
}

/** A page of the engineer's at this address, with its title. */
const eveAt = (hash, title, story, options) => visit(async (page) => {
  await enter(page, 'eve', EVE);
  await go(page, hash);
  await page.getByRole('heading', { level: 1, name: title }).waitFor();
  await story(page, page.getByRole('dialog'));
}, options);

/** What a pump publishes: the values of one line are one device's. */
const publish = async (pump, flow) => {
  const answer = await fetch(`http://${http}/write?${new URLSearchParams({ u: 'ann', p: ANN })}`, {
    method: 'POST', body: `plant,unit=${pump} flow=${flow},pressure=6.25,running=true` });
  must(answer.ok, `a line: ${answer.status} ${await answer.text()}`);
};

await play({
  async a_house_with_an_engineer() {
    await visit(async (page) => {
      const made = await ask(page, 'POST', '/v1/setup', { token: link.split('#')[1], name: 'ann', password: ANN });
      must(made.status === 201, `no administrator: ${made.status}`);
      const steps = [['/v1/users', { name: 'eve', title: 'Eve Lund', password: EVE, grants: [{ role: 'engineer' }] }]];
      for (const [path, body] of steps) {
        const { status } = await ask(page, 'POST', path, body);
        must(status < 300, `${path}: ${status}`);
      }
      for (const pump of ['pump-1', 'pump-2', 'pump-3']) await publish(pump, 41.5);
      page.complaints.length = 0;
    });
  },

  async a_type_is_tried_and_made() {
    await eveAt('assets?view=types', 'Types', async (page, dialog) => {
      await page.getByRole('button', { name: 'New type' }).click();
      const panel = page.locator('.pair-panel');
      await panel.getByLabel('Name', { exact: true }).first().fill('pump');
      await panel.getByLabel('Title').fill('Pump');
      await panel.getByRole('button', { name: 'Add an attribute' }).click();
      await panel.locator('.item-attribute').getByLabel('Name').fill('maker');
      for (const [at, metric] of ['flow', 'pressure', 'running'].entries()) {
        await panel.getByRole('button', { name: 'Add a metric' }).click();
        await panel.locator('.item-metric').nth(at).getByLabel('Name').fill(metric);
      }
      await panel.locator('.item-metric').nth(2).getByLabel('Type').selectOption('bool');
      const flow = panel.locator('.item-metric').first();
      await flow.getByLabel('high', { exact: true }).fill('30');
      await flow.getByLabel('low', { exact: true }).fill('40');
      await panel.getByText('The limits of flow must rise').waitFor();
      must(await panel.getByRole('button', { name: 'Try, then save' }).isDisabled(), 'limits that fall');
      await flow.getByLabel('low', { exact: true }).fill('10');
      await flow.getByLabel('high', { exact: true }).fill('50');
      await goodOfPage(page, 'a new type');
      await panel.getByRole('button', { name: 'Try, then save' }).click();
      await dialog.getByText('It reaches 0 assets').waitFor();
      await goodOfPage(page, 'what a type would do');
      await dialog.getByRole('button', { name: 'Save' }).click();
      await page.getByRole('heading', { level: 2, name: 'pump' }).waitFor();
      await page.getByText('0 assets').first().waitFor();
    }, { bypassCSP: true });
  },

  async a_device_is_adopted_from_the_inbox_and_others_together() {
    await eveAt('assets?view=inbox', 'Inbox', async (page, dialog) => {
      await page.getByRole('button', { name: 'plant/pump-1' }).click();
      await dialog.getByRole('button', { name: /pump 100/ }).waitFor();
      await goodOfPage(page, 'a device that is adopted');
      await dialog.getByLabel('Path of the asset').fill('pump-1');
      await dialog.getByRole('button', { name: 'Adopt', exact: true }).click();
      await page.getByText('1 device adopted').waitFor();
      await page.getByRole('button', { name: 'Mark all shown' }).click();
      await page.getByRole('button', { name: 'Adopt marked (2)' }).click();
      await dialog.getByLabel('Type').selectOption('pump');
      await dialog.getByRole('button', { name: 'Adopt', exact: true }).click();
      await dialog.waitFor({ state: 'detached' });
    }, { bypassCSP: true });
  },

  async its_page_has_live_values_and_what_it_was() {
    await eveAt('assets/pump-1', 'pump-1', async (page, dialog) => {
      const row = page.getByRole('row').filter({ hasText: 'flow' }).first();
      await row.getByText('41.5').waitFor();
      await row.getByText('normal').waitFor();
      await publish('pump-1', 55.5);
      await row.getByText('55.5').waitFor();
      await row.getByText('high', { exact: true }).waitFor();
      await page.getByText('Whole trend').waitFor();
      await goodOfPage(page, 'an asset');
      await page.getByRole('button', { name: 'Edit' }).click();
      await dialog.getByLabel('Title').fill('Feed pump');
      await dialog.getByLabel('maker').fill('Grundfos');
      await dialog.getByLabel('Latitude').fill('31.2304');
      must(await dialog.getByRole('button', { name: 'Save' }).isDisabled(), 'half a place');
      await dialog.getByLabel('Longitude').fill('121.4737');
      await goodOfPage(page, 'an asset that is edited');
      await dialog.getByRole('button', { name: 'Save' }).click();
      await page.getByRole('heading', { level: 1, name: 'Feed pump' }).waitFor();
      await page.getByText('Grundfos').waitFor();
      await page.getByRole('link', { name: 'version 1' }).click();
      await page.getByText('This is how it was at').waitFor();
      await page.getByRole('heading', { level: 1, name: 'pump-1' }).waitFor();
      await page.getByRole('button', { name: 'Now' }).click();
      await page.getByRole('heading', { level: 1, name: 'Feed pump' }).waitFor();
    }, { bypassCSP: true });
  },

  async files_are_tried_before_they_are_imported() {
    await eveAt('assets?view=file', 'Import and export', async (page) => {
      const text = 'path,title,type,level\nnorth/tank,Tank,nothing,unit\nnorth,North,,site\nnorth/pump-9,Pump 9,pump,unit\n';
      await page.locator('input[type=file]').setInputFiles({ name: 'plant.csv', mimeType: 'text/csv', buffer: Buffer.from(text) });
      await page.getByText('would make 2').waitFor();
      await page.getByRole('gridcell', { name: 'north/tank' }).waitFor();
      await goodOfPage(page, 'a file that was tried');
      await page.getByRole('button', { name: 'Import', exact: true }).click();
      await page.getByText('made 2').waitFor();
      await go(page, 'assets/north/pump-9');
      await page.getByRole('heading', { level: 1, name: 'Pump 9' }).waitFor();
    }, { bypassCSP: true });
  },

  async the_map_shows_it_and_leads_to_it() {
    await eveAt('map?lon=121.4&lat=31.2&zoom=6', 'Map', async (page) => {
      const row = page.getByRole('option').filter({ hasText: 'pump-1' });
      // Where the browser draws no map its list is not asked for either; both say so.
      await page.locator('.map-box canvas, .map-failed').first().waitFor();
      if (await page.locator('.map-failed').count()) return;
      await row.waitFor();
      await goodOfPage(page, 'the map');
      await page.getByRole('button', { name: /^pump-1:/ }).click();
      await page.getByRole('heading', { level: 1, name: 'Feed pump' }).waitFor();
      // A driver that draws without a graphics card says so.
      page.complaints = page.complaints.filter((text) => !text.includes('GL Driver Message'));
    }, { bypassCSP: true });
  },

  async a_procedure_is_attached_found_and_read() {
    await eveAt('documents', 'Documents', async (page, dialog) => {
      await page.getByRole('button', { name: 'Add a document' }).first().click();
      const text = '# Weekly test of the 消防泵\n\nRun the **fire pump**. <script>alert(1)</script>\n';
      await dialog.locator('input[type=file]').setInputFiles({ name: 'weekly-test.md', mimeType: 'text/markdown', buffer: Buffer.from(text) });
      await dialog.getByRole('button', { name: 'Attach to' }).click();
      await dialog.getByLabel('Kind', { exact: true }).selectOption('type');
      await dialog.getByLabel('Which one').fill('pump');
      await goodOfPage(page, 'a document that is added');
      await dialog.getByRole('button', { name: 'Upload' }).click();
      await page.getByRole('heading', { level: 2, name: 'Weekly test of the' }).waitFor();
      await page.getByText('<script>alert(1)</script>').waitFor();
      await page.getByRole('searchbox').fill('消防');
      await page.getByRole('option').filter({ hasText: 'weekly test' }).locator('mark').first().waitFor();
      await goodOfPage(page, 'documents that were found');
      await go(page, 'assets/pump-1');
      await page.getByRole('link', { name: 'weekly test' }).waitFor();
    }, { bypassCSP: true });
  },

  async a_board_is_built_with_keys_and_saved() {
    await eveAt('boards', 'Boards', async (page, dialog) => {
      await page.getByRole('button', { name: 'New board' }).click();
      await dialog.getByLabel('Title').fill('Pump house');
      await dialog.getByRole('button', { name: 'Create' }).click();
      for (const kind of ['Gauge', 'Number']) {
        await page.getByRole('button', { name: kind }).first().click();
        await dialog.getByRole('combobox').fill('pump-1/flow');
        await dialog.getByRole('option', { name: /pump-1\/flow/ }).click();
        await goodOfPage(page, `a widget: ${kind}`);
        await dialog.getByRole('button', { name: 'Put it there' }).click();
        await dialog.waitFor({ state: 'detached' });
      }
      const second = page.locator('.widget').nth(1);
      const before = await second.boundingBox();
      await page.getByRole('button', { name: /^Move/ }).nth(1).focus();
      for (const key of ['ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowUp', 'ArrowUp', 'ArrowUp'])
        await page.keyboard.press(key);
      await until('the widget stands beside the other', async () => {
        const now = await second.boundingBox();
        return now.x > before.x && now.y < before.y;
      });
      await page.keyboard.press('Shift+ArrowRight');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByRole('button', { name: 'Full screen' }).waitFor();
      await page.locator('.widget-value').getByText('55.5').waitFor();
      await goodOfPage(page, 'a board');
      await page.reload();
      await page.locator('.widget-gauge').waitFor();
      must((await page.locator('.widget').count()) === 2, 'a board keeps its widgets');
      await go(page, 'boards');
      await page.getByRole('link', { name: /Pump house/ }).waitFor();
    }, { bypassCSP: true });
  },

  async on_a_phone_in_chinese() {
    const pages = [['assets', '资产'], ['assets/pump-1', 'Feed pump'], ['assets/pump?view=types', '类型'],
      ['assets?view=inbox', '待接入设备'], ['documents', '文档'], ['boards/pump-house', 'Pump house']];
    await eveAt('assets', '资产', async (page) => {
      for (const [hash, title] of pages) {
        await go(page, hash);
        await page.getByRole('heading', { level: 1, name: title }).waitFor();
        await until('all is there', async () => (await page.locator('.skeleton').count()) === 0);
        await goodOfPage(page, `${hash} on a narrow phone`);
      }
    }, { size: NARROW, language: 'zh', touch: true, dark: true, bypassCSP: true });
  },
});
