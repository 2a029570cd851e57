// An operator and his alarms: a rule is tried on the past and switched on, alarms come as they happen, are
// acknowledged and that is undone, shelved, told in the journal and handed over.
// Usage: node operator.mjs HTTP-ADDRESS MQTT-ADDRESS
import { PHONE, goodOfPage, house, launch, must, play, until } from './browser.mjs';

const [, , http] = process.argv;
const browser = await launch();
const { api, visit, go } = house(browser, http);
const PUMPS = [1, 2, 3, 4];
const temp = (pump) => `hall/pump-${pump}/temp`;
const sample = (path, value) => api('POST', '/v1/samples', { path, value });
const row = (page, pump) => page.getByRole('option').filter({ hasText: temp(pump) });
const toast = (page, text) => page.locator('.toast').filter({ hasText: text });

for (const pump of PUMPS) {
  await sample(temp(pump), 60);
  await sample(temp(pump), 90);
  await sample(temp(pump), 61);
}

await play({
  async a_rule_is_tried_on_the_past_before_it_is_switched_on() {
    await visit(async (page) => {
      await go(page, 'rules');
      await page.getByText('No rule so far').waitFor();
      await page.getByRole('button', { name: 'New rule' }).click();
      await page.getByLabel('Name', { exact: true }).fill('hot');
      await page.getByLabel('Title', { exact: true }).fill('Bearing hot');
      await page.getByLabel('Kind').selectOption('expression');
      await page.getByLabel('Stands on').selectOption('point');
      await page.getByLabel('Point', { exact: true }).fill(temp(1));
      await page.getByLabel('Condition', { exact: true }).fill('./temp > 80 and and true');
      await page.getByRole('button', { name: 'Try it' }).click();
      const fault = page.getByRole('alert').filter({ hasText: 'Line 1, column 17' });
      await fault.waitFor();
      must((await fault.locator('mark').textContent()) === 'and', 'the word that is wrong is marked');
      page.complaints.length = 0; // the 422
      await page.getByLabel('Kind').selectOption('high');
      await page.getByLabel('Stands on').selectOption('pattern');
      await page.getByLabel('Pattern', { exact: true }).fill('hall/+/temp');
      await page.getByLabel('Limit', { exact: true }).fill('80');
      await page.getByLabel('Priority').selectOption('2');
      await page.getByLabel('What to do').fill('Check the oil.');
      await page.getByRole('button', { name: 'Try it' }).click();
      await page.getByText('It would have been raised 4 times').waitFor();
      await goodOfPage(page, 'a rule with its preview');
      await page.getByRole('button', { name: 'Save', exact: true }).click();
      await toast(page, 'hot: saved').waitFor();
      await page.getByRole('heading', { level: 1, name: 'hot' }).waitFor();
    }, { bypassCSP: true });
    await until('the rule stands on all points',
      async () => (await api('GET', '/v1/rules/hot')).points === PUMPS.length);
  },

  async alarms_come_are_acknowledged_and_that_is_undone() {
    await visit(async (page) => {
      await go(page, 'alarms');
      await page.getByText('No alarm stands').waitFor();
      await page.getByText('It changes as it happens').waitFor();
      for (const pump of PUMPS) await sample(temp(pump), 85 + pump);
      for (const pump of PUMPS) await row(page, pump).getByText('Unacknowledged').waitFor();
      await page.getByRole('link', { name: /Alarms.*4/ }).first().waitFor();
      await goodOfPage(page, 'the list of alarms');
      // By the keys alone: the second is chosen with the third, and both are acknowledged.
      const list = page.getByRole('listbox', { name: 'Alarms' });
      await list.focus();
      await page.keyboard.press('Control+a');
      await page.getByText(`${PUMPS.length} chosen`).waitFor();
      await page.keyboard.press('Escape');
      await page.getByText(`${PUMPS.length} chosen`).waitFor({ state: 'hidden' });
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Space');
      await page.keyboard.press('Shift+ArrowDown');
      await page.getByText('2 chosen').waitFor();
      await page.keyboard.press('a');
      await toast(page, 'Acknowledged: 2').waitFor();
      await until('two are acknowledged', async () =>
        (await page.getByRole('option').getByText('Acknowledged', { exact: true }).count()) === 2);
      await toast(page, 'Acknowledged: 2').getByRole('button', { name: 'Undo' }).click();
      await toast(page, 'Undone: 2').waitFor();
      await until('nobody has acknowledged any', async () =>
        (await page.getByRole('option').getByText('Unacknowledged').count()) === PUMPS.length);
    }, { bypassCSP: true });
  },

  async one_is_looked_at_and_shelved() {
    await visit(async (page) => {
      await go(page, 'alarms');
      await row(page, 3).click();
      await page.getByText('Check the oil.').waitFor();
      await page.getByRole('button', { name: 'Acknowledge', exact: true }).click();
      await toast(page, 'Acknowledged: 1').waitFor();
      await page.getByRole('button', { name: 'Shelve', exact: true }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('button', { name: '30 min' }).click();
      await dialog.getByLabel('Comment').fill('sensor is being changed');
      await goodOfPage(page, 'the shelf');
      await dialog.getByRole('button', { name: 'Shelve' }).click();
      await toast(page, 'Shelved: 1').waitFor();
      await page.getByText('Shelved until').waitFor();
      await page.getByRole('listitem').filter({ hasText: 'sensor is being changed' }).waitFor();
      await goodOfPage(page, 'one alarm');
      await page.getByRole('button', { name: 'Close', exact: true }).first().click();
      await page.getByRole('button', { name: 'Shelved' }).click();
      const shown = page.getByRole('listbox', { name: 'Alarms' }).getByRole('option');
      await until('it stands alone', async () => (await shown.count()) === 1);
      must(page.url().includes('state=shelved'), `what is shown is in the address: ${page.url()}`);
    }, { bypassCSP: true });
  },

  async the_journal_and_the_measures_tell_it() {
    await visit(async (page) => {
      await go(page, 'alarms?view=journal');
      await page.getByRole('img', { name: /Timeline.*Bearing hot/ }).waitFor();
      await page.getByLabel('What happened').selectOption('shelve');
      const shown = page.getByRole('listbox', { name: 'Alarm journal' }).getByRole('option');
      await until('one entry is left', async () => (await shown.count()) === 1);
      await shown.filter({ hasText: 'sensor is being changed' }).waitFor();
      await go(page, 'alarms?view=statistics');
      await page.getByText('Measures of EEMUA 191').waitFor();
      await page.getByText('Raised: 4').waitFor();
      await goodOfPage(page, 'the measures');
      await go(page, 'alarms?view=handover');
      await page.getByLabel('What the next shift should know').fill('Pump 3 has a new sensor.');
      await page.getByRole('button', { name: 'Hand over' }).click();
      await page.getByRole('listitem').filter({ hasText: 'Pump 3 has a new sensor.' }).waitFor();
    }, { bypassCSP: true });
  },

  async on_a_phone_in_chinese() {
    await visit(async (page) => {
      await go(page, 'alarms');
      await page.getByRole('heading', { level: 1, name: '报警' }).waitFor();
      await row(page, 1).waitFor();
      await goodOfPage(page, 'alarms on a phone');
      await row(page, 1).locator('.tick').click();
      await page.getByRole('toolbar').getByRole('button', { name: '确认', exact: true }).click();
      await toast(page, '已确认：1').waitFor();
      await row(page, 1).click();
      await page.getByText('处置措施').waitFor();
      await goodOfPage(page, 'an alarm on a phone');
      for (const hash of ['rules', 'rules/hot', 'oncall', 'oncall?view=channels', 'alarms?view=statistics']) {
        await go(page, hash);
        await page.getByRole('heading', { level: 1 }).waitFor();
        await page.locator('.skeleton').first().waitFor({ state: 'detached' });
        await goodOfPage(page, hash);
      }
    }, { size: PHONE, touch: true, language: 'zh', dark: true, bypassCSP: true });
  },
});
