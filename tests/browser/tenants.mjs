// Who shares the server: tenants made, limited, suspended and deleted by who runs it, their own administrators, the
// audit of all that, and the second factor.
// Usage: node tenants.mjs HTTP-ADDRESS MQTT-ADDRESS SETUP-LINK
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { DESKTOP, PHONE, goodOfPage, house, launch, must, play, until } from './browser.mjs';

const [, , http, , link] = process.argv;
const browser = await launch();
const { visit, go } = house(browser, http);
const ANN = 'nine herons on a tin roof', KIM = 'a boat below the weir';
const MANY = 300;

/** What a page itself may ask, with its cookie. */
const ask = (page, method, path, body) => page.evaluate(async ([verb, address, text]) => {
  const answer = await fetch(address, { method: verb, credentials: 'same-origin',
    headers: text ? { 'Content-Type': 'application/json' } : {}, ...(text ? { body: text } : {}) });
  return { status: answer.status, body: await answer.json().catch(() => null) };
}, [method, path, body && JSON.stringify(body)]);

async function done(page, method, path, body) {
  const answer = await ask(page, method, path, body);
  must(answer.status < 300, `${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** A visit of somebody who is logged in, at a page. */
const visitAs = (user, password, hash, story, options) => visit(async (page) => {
  await done(page, 'POST', '/v1/session', { user, password });
  page.complaints.length = 0;
  await go(page, hash);
  await page.reload();
  await page.getByRole('heading', { level: 1 }).waitFor();
  await story(page);
}, options);
const asAnn = (hash, story, options) => visitAs('ann', ANN, hash, story, options);
const asKim = (hash, story, options) => visitAs('kim@acme', KIM, hash, story, options);

/** RFC 6238 of now. */
function codeOf(secret) {
  const bits = [...secret.replace(/[\s=]/g, '')]
    .map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000)));
  const hash = createHmac('sha1', key).update(step).digest();
  const at = hash[19] & 15;
  return String((hash.readUInt32BE(at) & 0x7fffffff) % 1000000).padStart(6, '0');
}

async function downloaded(page, press) {
  const [download] = await Promise.all([page.waitForEvent('download'), press()]);
  return readFileSync(await download.path(), 'utf8');
}

let recovery;

await play({
  async tenants_are_there() {
    await visit(async (page) => {
      const token = link.slice(link.indexOf('#') + 1);
      await done(page, 'POST', '/v1/setup', { token, name: 'ann', password: ANN });
      await done(page, 'POST', '/v1/tenants', { name: 'acme', title: 'Acme Works', quotas: { points: 10, connections: 50 } });
      await done(page, 'POST', '/v1/users?tenant=acme', { name: 'kim', password: KIM, grants: [{ role: 'administrator' }] });
      for (let at = 1; at <= MANY; at++)
        await done(page, 'POST', '/v1/tenants', { name: `site-${String(at).padStart(4, '0')}` });
      page.complaints.length = 0;
    });
    await visitAs('kim@acme', KIM, 'points', async (page) => {
      for (let at = 0; at < 9; at++) await done(page, 'POST', '/v1/samples', { path: `press/${at}`, value: at });
    });
  },

  async one_is_found_among_many() {
    await asAnn('tenants', async (page) => {
      const list = page.getByRole('listbox', { name: 'Tenants' });
      const rows = list.getByRole('option');
      await list.getByText('Acme Works').waitFor();
      must((await rows.count()) < 60, 'rows that nobody sees are there');
      await list.focus();
      await page.keyboard.press('End');
      await until('more come at the end', async () => {
        await page.keyboard.press('End');
        return (await page.getByText(`site-${String(MANY).padStart(4, '0')}`).count()) > 0;
      });
      await page.getByLabel('Search by name or title').fill('ACME w');
      await until('one is left', async () => (await rows.count()) === 1);
      await rows.first().getByText('Near the limit').waitFor();
      await goodOfPage(page, 'tenants');
      await list.focus();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { level: 1, name: 'Acme Works' }).waitFor();
      await page.getByRole('meter', { name: 'Points of acme' }).waitFor();
      await goodOfPage(page, 'a tenant');
    }, { bypassCSP: true });
  },

  async a_tenant_is_made_limited_and_suspended() {
    await asAnn('tenants', async (page) => {
      const dialog = page.getByRole('dialog');
      await page.getByRole('button', { name: 'New tenant' }).click();
      await dialog.getByLabel('Name', { exact: true }).fill('harbour');
      await dialog.getByLabel('Title').fill('Harbour office');
      await dialog.getByLabel('Points', { exact: true }).fill('ten');
      must(await dialog.getByRole('button', { name: 'Create' }).isDisabled(), 'a limit that is none');
      await dialog.getByLabel('Points', { exact: true }).fill('10k');
      await dialog.getByLabel('Storage').fill('50 GiB');
      await goodOfPage(page, 'a new tenant');
      await dialog.getByRole('button', { name: 'Create' }).click();
      await page.getByRole('heading', { level: 1, name: 'Harbour office' }).waitFor();
      const made = await done(page, 'GET', '/v1/tenants/harbour');
      must(made.quotas.points.most === 10000 && made.quotas.storage_bytes.most === 50 * 2 ** 30, JSON.stringify(made));
      await page.getByRole('button', { name: 'Invite an administrator' }).click();
      await dialog.getByLabel('User').fill('lee');
      await dialog.getByRole('button', { name: 'Make the link' }).click();
      await dialog.locator('code').filter({ hasText: '/invitation#' }).waitFor();
      await dialog.getByRole('button', { name: 'Close' }).click();
      await page.getByRole('button', { name: 'Title and quotas' }).click();
      await dialog.getByLabel('Points', { exact: true }).fill('');
      await dialog.getByRole('button', { name: 'Save' }).click();
      await dialog.waitFor({ state: 'detached' });
      must((await done(page, 'GET', '/v1/tenants/harbour')).quotas.points.most === null, 'no limit any more');
      await page.getByRole('button', { name: 'Suspend' }).click();
      await dialog.getByRole('button', { name: 'Suspend' }).click();
      await page.getByText('nobody of this tenant is let in').waitFor();
      await page.getByRole('button', { name: 'Activate' }).click();
      await page.getByText('nobody of this tenant is let in').waitFor({ state: 'detached' });
      const lines = await downloaded(page, () => page.getByRole('button', { name: 'Download everything' }).click());
      must(JSON.parse(lines.split('\n')[0]).tenant.name === 'harbour', lines.slice(0, 200));
    }, { bypassCSP: true });
  },

  async its_own_administrator_sees_his_own() {
    await asKim('tenants', async (page) => {
      await page.getByRole('heading', { level: 1, name: 'Acme Works' }).waitFor();
      await page.getByText('Near the limit').waitFor();
      must((await page.getByText('site-').count()) === 0, 'he sees another tenant');
      must((await page.getByRole('button', { name: 'Delete' }).count()) === 0, 'nor may he delete it');
      await page.getByRole('link', { name: 'Our tenant' }).first().waitFor();
      await goodOfPage(page, 'one of one');
      await go(page, 'audit');
      const list = page.getByRole('listbox', { name: 'Audit' });
      await list.getByText('kim@acme logged in').first().waitFor();
      must((await list.getByText('site-').count()) === 0, 'nor entries of another one');
      must((await page.getByRole('button', { name: 'All tenants' }).count()) === 0, 'nor the choice');
    }, { bypassCSP: true });
  },

  async names_hide_nothing() {
    await asAnn('people', async (page) => {
      await done(page, 'POST', '/v1/users', { name: '\u05d3\u05df', title: 'gnp\u202eexe', grants: [] });
      await page.reload();
      const row = page.getByRole('row').filter({ hasText: '\u05d3\u05df' });
      await row.getByText('gnp\u27e8U+202E\u27e9exe').waitFor();
      must((await row.locator('bdi').count()) === 2, 'names stand apart');
      must((await page.locator('main').textContent()).match(/[\u200b\u202e]/) === null, 'a mark that is not seen');
    });
  },

  async the_audit_is_read_filtered_proved_and_taken_along() {
    await asAnn('audit', async (page) => {
      const list = page.getByRole('listbox', { name: 'Audit' });
      await list.getByRole('option').first().waitFor();
      await page.getByRole('button', { name: 'All tenants' }).click();
      await page.getByLabel('What', { exact: true }).selectOption('tenant');
      await page.getByLabel('Who', { exact: true }).fill('ann');
      await list.getByText('ann@main set up tenant harbour').first().waitFor();
      await ask(page, 'POST', '/v1/tenants', { name: 'Wrong' });
      page.complaints.length = 0; // the 422
      await page.getByLabel('What', { exact: true }).selectOption('all');
      await page.getByRole('button', { name: 'Failed' }).click();
      await list.getByText('tenant Wrong').waitFor();
      must((await list.getByRole('option').filter({ hasText: 'harbour' }).count()) === 0, 'what was done is no failure');
      await page.getByRole('button', { name: 'All', exact: true }).click();
      await list.getByText('tenant harbour').first().waitFor();
      await done(page, 'POST', '/v1/tenants', { name: 'pier' });
      await list.getByText('ann@main set up tenant pier').waitFor();
      await list.focus();
      await page.keyboard.press('Home');
      await page.keyboard.press('Enter');
      const dialog = page.getByRole('dialog');
      await dialog.getByText('"action":').waitFor();
      await goodOfPage(page, 'an entry');
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
      await page.getByRole('button', { name: 'Verify the chain' }).click();
      await page.getByText('The chain is whole').waitFor();
      await page.locator('.verified code').filter({ hasText: /^[0-9a-f]{64}$/ }).waitFor();
      await goodOfPage(page, 'the audit');
      const lines = await downloaded(page, () => page.getByRole('button', { name: 'NDJSON' }).click());
      must(lines.trim().split('\n').every((line) => JSON.parse(line).actor.includes('ann')), 'lines of the filter');
      const csv = await downloaded(page, () => page.getByRole('button', { name: 'CSV' }).click());
      must(csv.startsWith('number,time,tenant,actor') && csv.includes('tenant/pier'), csv.slice(0, 200));
    }, { bypassCSP: true });
  },

  async a_tenant_is_deleted_whole() {
    await asAnn('tenants/acme', async (page) => {
      const dialog = page.getByRole('dialog');
      await page.getByRole('button', { name: 'Delete', exact: true }).click();
      const remove = dialog.getByRole('button', { name: 'Delete for ever' });
      await dialog.getByLabel('Type acme to confirm').fill('acm');
      must(await remove.isDisabled(), 'a name that is not typed whole');
      await dialog.getByLabel('Type acme to confirm').fill('acme');
      await remove.click();
      await page.getByRole('heading', { level: 1, name: 'Certificate of deletion' }).waitFor();
      await page.getByText('all is gone').waitFor();
      await page.getByText('People', { exact: true }).last().waitFor();
      await goodOfPage(page, 'a certificate');
      const text = await downloaded(page, () => page.getByRole('button', { name: 'Download the certificate' }).click());
      const certificate = JSON.parse(text);
      must(certificate.state === 'done' && certificate.erasure.points === 9, text);
      await go(page, 'tenants');
      await page.getByRole('button', { name: 'Deleted' }).click();
      const list = page.getByRole('listbox', { name: 'Tenants' });
      await list.getByText('Acme Works').click();
      await page.getByRole('heading', { level: 1, name: 'Certificate of deletion' }).waitFor();
    }, { bypassCSP: true });
  },

  async a_second_factor_is_set_up() {
    await asAnn('account', async (page) => {
      await page.getByRole('button', { name: 'Set up' }).click();
      await page.getByRole('img', { name: 'Picture for the application' }).waitFor();
      const secret = await page.locator('.enrol .snippet code').textContent();
      await goodOfPage(page, 'the picture');
      const code = page.getByLabel('Code that it shows now');
      await code.fill('000000');
      await page.getByRole('button', { name: 'Confirm' }).click();
      await page.getByRole('alert').waitFor();
      page.complaints.length = 0; // the wrong code
      await code.fill(codeOf(secret));
      await page.getByRole('button', { name: 'Confirm' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('listitem').first().waitFor();
      await page.keyboard.press('Escape');
      await page.keyboard.press('Escape');
      const codes = await dialog.getByRole('listitem').allTextContents();
      must(codes.length === 10, `recovery codes: ${codes.length}`);
      await goodOfPage(page, 'recovery codes');
      const kept = await downloaded(page, () => dialog.getByRole('button', { name: 'Download' }).click());
      must(codes.every((one) => kept.includes(one)), 'the file has them all');
      recovery = codes[0];
      await dialog.getByRole('button', { name: 'I have kept them' }).click();
      await page.getByText('a code of your application, or a recovery code').waitFor();
    }, { bypassCSP: true });
  },

  async and_turned_off() {
    await visit(async (page) => {
      await page.getByLabel('Name', { exact: true }).fill('ann');
      await page.getByLabel('Password', { exact: true }).fill(ANN);
      await page.getByRole('button', { name: 'Log in' }).click();
      await page.getByLabel('Code of the second factor').fill(recovery);
      await page.getByRole('button', { name: 'Log in' }).click();
      await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
      await go(page, 'account');
      await page.getByRole('button', { name: 'Turn off' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Password').fill('not this one, no');
      await dialog.getByRole('button', { name: 'Turn off' }).click();
      await dialog.getByText('is wrong').waitFor();
      await dialog.getByLabel('Password').fill(ANN);
      await dialog.getByRole('button', { name: 'Turn off' }).click();
      await page.getByRole('button', { name: 'Set up' }).waitFor();
      page.complaints.length = 0; // 401 for the code, 403 for the password
    });
  },

  async an_insecure_server_says_so_on_every_page() {
    await visit(async (page) => {
      await page.route('**/v1/session', async (asked) => {
        const answer = await asked.fetch();
        const body = { ...(await answer.json()), insecure: true };
        await asked.fulfill({ response: answer, json: body });
      });
      await page.reload();
      await page.getByRole('heading', { name: 'Log in' }).waitFor();
      await page.getByText('Insecure: other machines').waitFor();
      await goodOfPage(page, 'an insecure login');
      await page.getByLabel('Name', { exact: true }).fill('ann');
      await page.getByLabel('Password', { exact: true }).fill(ANN);
      await page.getByRole('button', { name: 'Log in' }).click();
      for (const hash of ['overview', 'points', 'tenants', 'account']) {
        await go(page, hash);
        await page.getByRole('heading', { level: 1 }).first().waitFor();
        await page.getByText('Insecure: other machines').waitFor();
      }
      page.complaints.length = 0; // the 401 before
    }, { bypassCSP: true });
  },

  async the_pages_are_good_in_both_languages_themes_and_sizes() {
    for (const [language, size, dark] of [['en', DESKTOP, true], ['zh', PHONE, false]])
      for (const hash of ['tenants', 'tenants/main', 'tenants/harbour', 'tenants/acme?deleted=1', 'audit', 'account'])
        await asAnn(hash, async (page) => {
          await until('it is shown', async () => (await page.locator('.skeleton').count()) === 0);
          await goodOfPage(page, `${hash} (${language}, ${size.width})`);
        }, { language, size, dark, touch: size === PHONE, bypassCSP: true });
  },
});
