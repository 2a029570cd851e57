// Roles and why somebody may; devices one by one, many from a file, by claim keys; API tokens; shares between tenants.
// Usage: node machines.mjs HTTP-ADDRESS MQTT-ADDRESS SETUP-LINK
import { DESKTOP, PHONE, goodOfPage, house, launch, must, play, until } from './browser.mjs';

const [, , http, , link] = process.argv;
const browser = await launch();
const { visit, go } = house(browser, http);
const ANN = 'nine herons on a tin roof', KIM = 'a cart of green tiles', BO = 'a boat below the weir';

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

/** A page of ann's at this address, with its title. */
const annAt = (hash, title, story, options) => visit(async (page) => {
  await enter(page, 'ann', ANN);
  await go(page, hash);
  await page.getByRole('heading', { level: 1, name: title }).waitFor();
  await story(page, page.getByRole('dialog'));
}, options);

const secretIn = async (dialog, begin) => {
  const shown = dialog.locator('.snippet code').filter({ hasText: new RegExp(`^${begin}`) }).first();
  await shown.waitFor();
  return shown.textContent();
};

await play({
  async a_house_with_tenants_and_people() {
    await visit(async (page) => {
      const token = link.split('#')[1];
      const made = await ask(page, 'POST', '/v1/setup', { token, name: 'ann', password: ANN });
      must(made.status === 201, `no administrator: ${made.status}`);
      const steps = [['/v1/tenants', { name: 'acme', title: 'Acme Steel' }],
        ['/v1/users?tenant=acme', { name: 'kim', password: KIM,
          grants: [{ role: 'administrator' }, { role: 'operator' }] }],
        ['/v1/users', { name: 'bo', title: 'Bo Chen', password: BO, grants: [{ role: 'operator', branch: 'line1/#' }] }],
        ['/v1/samples', { path: 'line1/oven', value: 182.5 }], ['/v1/samples', { path: 'fire/smoke', value: 1 }]];
      for (const [path, body] of steps) {
        const { status } = await ask(page, 'POST', path, body);
        must(status < 300, `${path}: ${status}`);
      }
      page.complaints.length = 0;
    });
  },

  async a_role_is_made_changed_removed_and_comes_back() {
    await annAt('roles', 'Roles', async (page, dialog) => {
      await page.getByRole('link', { name: 'operator' }).click();
      await page.getByText('Bo Chen').waitFor();
      await page.getByRole('button', { name: 'New role' }).click();
      await dialog.getByLabel('Name').fill('fitter');
      must(await dialog.getByRole('button', { name: 'Save' }).isDisabled(), 'a role without a pattern');
      await dialog.getByLabel('Pattern of paths', { exact: true }).last().fill('line1/#');
      await dialog.getByLabel('Write', { exact: true }).check();
      await goodOfPage(page, 'a new role');
      await dialog.getByRole('button', { name: 'Save' }).click();
      const row = page.getByRole('row').filter({ hasText: 'line1/#' });
      await until('two rights', async () => (await row.getByText('yes', { exact: true }).count()) === 2);
      await page.getByText('No person, token or claim key holds it').waitFor();
      await page.getByRole('button', { name: 'Look among the devices' }).click();
      await page.getByText('Nobody holds it').waitFor();
      await page.getByRole('button', { name: 'Edit' }).click();
      await dialog.getByLabel('Acknowledge', { exact: true }).check();
      await dialog.getByRole('button', { name: 'Save' }).click();
      await until('three rights', async () => (await row.getByText('yes', { exact: true }).count()) === 3);
      await page.getByRole('button', { name: 'Undo' }).click();
      await until('two rights again', async () => (await row.getByText('yes', { exact: true }).count()) === 2);
      await page.getByRole('button', { name: 'Remove' }).click();
      await dialog.getByRole('button', { name: 'Remove', exact: true }).click();
      await page.getByRole('link', { name: 'fitter' }).waitFor({ state: 'detached' });
      await page.getByRole('button', { name: 'Undo' }).last().click();
      await page.getByRole('link', { name: 'fitter' }).waitFor();
    }, { bypassCSP: true });
  },

  async why_is_answered_with_the_rule() {
    await annAt('roles?view=why', 'Roles', async (page) => {
      await page.getByLabel('Name', { exact: true }).fill('bo');
      await page.getByLabel('Path', { exact: true }).fill('line1/oven');
      await page.getByText('yes: role operator allows see on #, granted to bo@main within line1/#').waitFor();
      await page.getByLabel('Right', { exact: true }).selectOption('configure');
      await page.getByText('bo may not: Configure line1/oven').waitFor();
      await page.getByText('the nearest: role operator').waitFor();
      must(/right=configure/.test(page.url()), 'the question stands in the address');
      await page.reload();
      await page.getByText('bo may not: Configure line1/oven').waitFor();
      await page.getByRole('button', { name: '中文' }).first().click();
      await page.getByText('最接近的：角色 operator').waitFor();
    });
  },

  async a_device_is_made_used_disabled_and_removed() {
    await annAt('devices', 'Devices', async (page, dialog) => {
      await page.getByText('No device yet').waitFor();
      await page.getByRole('button', { name: 'New device' }).first().click();
      await dialog.getByLabel('Name').fill('press-1');
      await dialog.getByLabel('What it is for').fill('Press 1, hall A');
      await goodOfPage(page, 'a new device');
      await dialog.getByRole('button', { name: 'Make it' }).click();
      const token = await secretIn(dialog, 'mst_d_');
      await page.keyboard.press('Escape');
      await page.keyboard.press('Escape');
      await page.mouse.click(5, 5);
      await dialog.getByText('Nobody can look it up later').waitFor();
      await goodOfPage(page, 'the token of a device');
      await dialog.getByRole('button', { name: 'I have it' }).click();
      await page.getByRole('heading', { level: 2, name: 'press-1' }).waitFor();
      const write = (secret) => fetch(`http://${http}/v1/samples`, { method: 'POST',
        headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${secret}` },
        body: JSON.stringify({ path: 'devices/press-1/force', value: 42 }) });
      must((await write(token)).ok, 'the token opens the door');
      const row = page.getByRole('row').filter({ hasText: 'press-1' });
      await page.getByRole('button', { name: 'Ask again' }).click();
      await row.getByText(/ago|now/).waitFor();
      await page.getByRole('button', { name: 'Disable' }).click();
      await row.getByText('disabled').waitFor();
      must((await write(token)).status === 401, 'it is out');
      await page.getByRole('button', { name: 'Undo' }).click();
      await row.getByText('active').waitFor();
      must((await write(token)).ok, 'it is back');
      await page.getByRole('button', { name: 'New token' }).click();
      await dialog.getByRole('button', { name: 'Make a new token' }).click();
      const next = await secretIn(dialog, 'mst_d_');
      must(next !== token && (await write(token)).status === 401 && (await write(next)).ok, 'only the new one opens');
      await dialog.getByRole('button', { name: 'I have it' }).click();
      await page.getByRole('button', { name: 'Edit' }).click();
      await dialog.getByLabel('Name').fill('press-one');
      await dialog.getByRole('button', { name: 'Save' }).click();
      await page.getByRole('heading', { level: 2, name: 'press-one' }).waitFor();
      await page.getByRole('link', { name: 'Why may it?' }).click();
      await page.getByLabel('Path', { exact: true }).fill('devices/press-one/force');
      await page.getByText('yes: role device allows see').waitFor();
      await go(page, 'devices/press-one');
      await page.getByRole('button', { name: 'Remove' }).click();
      await dialog.getByRole('button', { name: 'Remove', exact: true }).click();
      await page.getByText('No device yet').waitFor();
    }, { bypassCSP: true });
  },

  async a_certificate_names_a_device() {
    await annAt('devices', 'Devices', async (page, dialog) => {
      await page.getByRole('button', { name: 'New device' }).first().click();
      await dialog.getByLabel('Name').first().fill('oven-1');
      await dialog.getByLabel('a client certificate (TLS)').check();
      const make = dialog.getByRole('button', { name: 'Make it' });
      must(await make.isDisabled(), 'a certificate without a fingerprint');
      await dialog.getByLabel('SHA-256 fingerprint').fill('AB:CD');
      await dialog.getByText('A fingerprint has 64 digits').waitFor();
      await dialog.getByLabel('Or of a certificate file').setInputFiles({ name: 'a.pem', mimeType: 'text/plain',
        buffer: Buffer.from('-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n') });
      await until('it is computed', () => make.isEnabled());
      await make.click();
      await page.getByText(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/).waitFor();
    });
  },

  async many_devices_come_from_a_file() {
    await annAt('devices?view=file', 'Devices', async (page) => {
      const give = (text) => page.getByLabel(/Choose a file/).setInputFiles({ name: 'hall.csv', mimeType: 'text/csv',
        buffer: Buffer.from(text) });
      await give('name,colour\na,red\n');
      await page.getByText('The column colour is none of').waitFor();
      await page.getByRole('button', { name: 'Another file' }).click();
      const rows = Array.from({ length: 1200 }, (_, i) => `meter-${i},viewer,line${i % 9}/#`);
      await give(`name,role,branch\n${rows.join('\n')}\nmeter-7,viewer,#\nbad,nobody,#\n`);
      await page.getByText('1,202 rows').waitFor();
      await goodOfPage(page, 'the rows of a file');
      await page.getByRole('button', { name: 'Make 1,202 devices' }).click();
      await page.getByText('1,200 made, 2 refused').waitFor();
      await page.getByRole('button', { name: 'Not made' }).click();
      const grid = page.getByRole('grid', { name: 'Results' });
      await grid.getByText('1203').waitFor();
      await grid.getByText('meter-7').waitFor();
      must((await grid.getByRole('row').count()) === 3, 'two are refused');
      await goodOfPage(page, 'what became of a file');
      await go(page, 'roles');
      await page.getByRole('heading', { level: 1, name: 'Roles' }).waitFor();
      await go(page, 'devices?view=file');
      const waits = page.waitForEvent('download');
      await page.getByRole('button', { name: 'Save the results' }).click();
      const stream = await (await waits).createReadStream();
      let text = '';
      for await (const part of stream) text += part;
      must((text.match(/,done,mst_d_/g) ?? []).length === 1200, 'a token each');
      must(text.includes('1202,meter-7,refused,,name_taken'), `the refused line: ${text.slice(-300)}`);
    }, { bypassCSP: true });
  },

  async a_thousand_devices_are_few_rows_and_are_searched() {
    await annAt('devices', 'Devices', async (page) => {
      await page.getByText('meter-0', { exact: true }).waitFor();
      const grid = page.getByRole('grid', { name: 'Devices' });
      await until('all are here', async () => {
        await grid.evaluate((frame) => { frame.scrollTop = frame.scrollHeight; });
        return (await page.getByText('1,201 devices', { exact: true }).count()) === 1;
      });
      const rows = await grid.getByRole('row').count();
      must(rows > 5 && rows < 100, `${rows} rows exist`);
      await page.getByRole('searchbox').fill('METER-1199');
      await page.getByText('1 device', { exact: true }).waitFor();
      await grid.focus();
      await page.keyboard.press('ArrowDown');
      await page.getByRole('heading', { level: 2, name: 'meter-1199' }).waitFor();
      await page.getByRole('searchbox').fill('nothing of the kind');
      await page.getByText('Nothing holds').waitFor();
    });
  },

  async a_claim_key_makes_devices_until_it_is_revoked() {
    await annAt('devices?view=keys', 'Devices', async (page, dialog) => {
      await page.getByText('No claim key yet').waitFor();
      await page.getByRole('button', { name: 'New claim key' }).click();
      await dialog.getByLabel('Name').fill('hall-b');
      await dialog.getByLabel('How many devices').fill('0');
      await dialog.getByText('A whole number from 1 on').waitFor();
      await dialog.getByLabel('How many devices').fill('2');
      await goodOfPage(page, 'a new claim key');
      await dialog.getByRole('button', { name: 'Make it' }).click();
      const claim = await secretIn(dialog, 'mst_c_');
      await dialog.getByRole('button', { name: 'I have it' }).click();
      const provision = (name) => fetch(`http://${http}/v1/provision`, { method: 'POST',
        headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ claim, name }) });
      must((await provision('sensor-1')).status === 201, 'a device makes itself');
      await page.reload();
      const row = page.getByRole('row').filter({ hasText: 'hall-b' });
      await until('one use is left', async () => /(^|\D)1$/.test(await row.locator('.column-uses').innerText()));
      await page.getByRole('button', { name: 'Revoke hall-b' }).click();
      await dialog.getByRole('button', { name: 'Revoke', exact: true }).click();
      await page.getByText('No claim key yet').waitFor();
      must((await provision('sensor-2')).status !== 201, 'it is void');
    }, { bypassCSP: true });
  },

  async a_token_of_ones_own_and_nobody_elses() {
    await visit(async (page) => {
      await enter(page, 'bo', BO);
      for (const name of ['Roles', 'Devices', 'Shares'])
        must((await page.getByRole('link', { name, exact: true }).count()) === 0, `a page that he may not open: ${name}`);
      await page.getByRole('link', { name: 'API tokens' }).click();
      await page.getByText('No token yet').waitFor();
      await page.getByRole('button', { name: 'New token' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Name').fill('scada');
      await dialog.getByLabel('Branch').fill('#');
      await dialog.getByRole('button', { name: 'Make it' }).click();
      await dialog.getByRole('alert').waitFor();
      page.complaints.length = 0; // the 403: nobody gives more than he has
      await dialog.getByLabel('Branch').fill('line1/#');
      await dialog.getByRole('button', { name: 'Make it' }).click();
      const token = await secretIn(dialog, 'mst_a_');
      await dialog.getByRole('button', { name: 'I have it' }).click();
      const see = () => fetch(`http://${http}/v1/points/line1/oven`, { headers: { Authorization: `Bearer ${token}` } });
      must((await see()).ok, 'the token sees what bo sees');
      await page.getByRole('button', { name: 'Revoke scada' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Revoke', exact: true }).click();
      await page.getByText('No token yet').waitFor();
      must((await see()).status === 401, 'it is out');
    });
  },

  async a_share_is_offered_accepted_and_ended() {
    await annAt('shares', 'Shares', async (page, dialog) => {
      await page.getByText('Nothing is shared').waitFor();
      await page.getByRole('button', { name: 'Offer a share' }).click();
      await dialog.getByLabel('To the tenant').fill('acme');
      await dialog.getByLabel('Branches').fill('fire/#');
      await dialog.getByLabel('see and acknowledge').check();
      await dialog.getByText('@main/fire/smoke').waitFor();
      await goodOfPage(page, 'an offer');
      await dialog.getByRole('button', { name: 'Offer', exact: true }).click();
      await page.getByText('Waits for the other side').waitFor();
    }, { bypassCSP: true });
    await visit(async (page) => {
      await enter(page, 'kim@acme', KIM);
      await go(page, 'shares');
      await page.getByRole('button', { name: 'Accept', exact: true }).click();
      await page.getByRole('button', { name: 'What is to be seen' }).click();
      await page.getByRole('link', { name: '@main/fire/smoke' }).click();
      await page.getByRole('heading', { level: 1, name: 'smoke' }).waitFor();
    });
    await annAt('shares', 'Shares', async (page, dialog) => {
      await page.getByText('active', { exact: true }).waitFor();
      await page.getByRole('button', { name: 'End it' }).click();
      await dialog.getByRole('button', { name: 'End it' }).click();
      await page.getByText('Nothing is shared').waitFor();
    });
  },

  async every_page_is_good_in_both_languages_themes_and_sizes() {
    const pages = ['roles/fitter', 'roles?view=why&of=user&name=bo&right=write&path=line1/oven', 'devices',
      'devices/oven-1', 'devices?view=file', 'devices?view=keys', 'tokens', 'shares'];
    for (const [language, size, dark] of [['zh', PHONE, true], ['en', PHONE, false], ['zh', DESKTOP, false], ['en', DESKTOP, true]])
      await visit(async (page) => {
        await enter(page, 'ann', ANN);
        for (const hash of pages) {
          await go(page, hash);
          await page.getByRole('heading', { level: 1 }).waitFor();
          await until(`${hash} is there`, async () => (await page.locator('main .skeleton').count()) === 0);
          await goodOfPage(page, `${hash} (${language}, ${size.width})`);
        }
      }, { language, size, dark, touch: size === PHONE, bypassCSP: true });
  },
});
