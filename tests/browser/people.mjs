// How people enter: the first account by the link in the log, wrong passwords, who was invited and sees only what
// his role allows, and the way out.
// Usage: node people.mjs HTTP-ADDRESS MQTT-ADDRESS SETUP-LINK
import { DESKTOP, PHONE, goodOfPage, house, launch, must, play, until } from './browser.mjs';

const [, , http, , link] = process.argv;
const browser = await launch();
const { visit, go } = house(browser, http);
const ANN = 'nine herons on a tin roof', BO = 'a boat below the weir';

/** What a page itself may ask, with its cookie. */
const ask = (page, method, path, body) => page.evaluate(async ([verb, address, text]) => {
  const answer = await fetch(address, { method: verb, credentials: 'same-origin',
    headers: text ? { 'Content-Type': 'application/json' } : {}, ...(text ? { body: text } : {}) });
  return { status: answer.status, body: await answer.json().catch(() => null) };
}, [method, path, body && JSON.stringify(body)]);

async function logIn(page, user, password) {
  await page.getByLabel('Name', { exact: true }).fill(user);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
}

async function newPassword(page, first, again = first) {
  await page.getByLabel('New password', { exact: true }).fill(first);
  await page.getByLabel('The same again').fill(again);
}

let invitation;

await play({
  async a_trial_says_so() {
    await visit(async (page) => {
      await page.getByText('Trial: whoever is on this machine').waitFor();
      await page.getByRole('link', { name: 'Set up an administrator' }).click();
      await page.getByText('mainstem admin create').waitFor();
      await page.getByRole('link', { name: 'Back to the console' }).click();
      await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    });
  },

  async the_link_makes_the_administrator() {
    await visit(async (page) => {
      await page.goto(link);
      await page.getByRole('heading', { name: 'Set up the administrator' }).waitFor();
      await page.getByLabel('Name', { exact: true }).fill('ann');
      await newPassword(page, ANN, 'something else');
      const create = page.getByRole('button', { name: 'Create the account' });
      must(await create.isDisabled(), 'two passwords that differ make no account');
      await newPassword(page, 'password12');
      await create.click();
      await page.getByRole('alert').waitFor();
      page.complaints.length = 0; // the 422
      await newPassword(page, ANN);
      await create.click();
      await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
      must(!/setup|mst_/.test(page.url()), `the link stays in the address: ${page.url()}`);
      must((await page.getByText('Trial:').count()) === 0, 'the trial is over');
      await page.getByText('Live', { exact: true }).first().waitFor();
      for (const path of ['plant/level', 'secret/level'])
        await ask(page, 'POST', '/v1/samples', { path, value: 7 });
      await ask(page, 'POST', '/v1/annotations', { path: 'plant/level', text: 'said by ann' });
    });
  },

  async somebody_is_invited() {
    await visit(async (page) => {
      await go(page, 'people');
      await logIn(page, 'ann', ANN);
      await page.getByRole('heading', { level: 1, name: 'People' }).waitFor();
      await page.getByRole('button', { name: 'Invite' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('User', { exact: true }).fill('bo');
      await dialog.getByLabel('Full name').fill('Bo Chen');
      await until('the roles are told', async () => (await dialog.getByRole('option').count()) > 3);
      await dialog.getByLabel('Branch').fill('plant/#');
      await goodOfPage(page, 'an invitation');
      await dialog.getByRole('button', { name: 'Invite' }).click();
      const shown = dialog.locator('code').filter({ hasText: '/invitation#' });
      await shown.waitFor();
      invitation = await shown.textContent();
      await goodOfPage(page, 'the link');
      await dialog.getByRole('button', { name: 'Done' }).click();
      const row = page.getByRole('row').filter({ hasText: 'Bo Chen' });
      await row.getByText('invited').waitFor();
      await row.getByText('plant/#').waitFor();
      await page.getByRole('button', { name: 'Invite' }).click();
      await dialog.getByLabel('User', { exact: true }).fill('bo');
      await dialog.getByRole('button', { name: 'Invite' }).click();
      await dialog.getByRole('alert').waitFor();
      page.complaints.length = 0; // the 409
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
      await page.getByRole('button', { name: 'Edit bo' }).click();
      await dialog.getByLabel('Role', { exact: true }).selectOption('operator');
      await dialog.getByRole('button', { name: 'Save' }).click();
      await row.getByText('operator').waitFor();
      await page.getByRole('button', { name: 'Edit bo' }).click();
      await dialog.getByLabel('Role', { exact: true }).selectOption('viewer');
      await dialog.getByRole('button', { name: 'Save' }).click();
      await row.getByText('viewer').waitFor();
    }, { bypassCSP: true });
  },

  async a_wrong_password_is_told_and_a_page_is_come_back_to() {
    await visit(async (page) => {
      await go(page, 'points/plant/level');
      await page.getByRole('heading', { name: 'Log in' }).waitFor();
      await logIn(page, 'ann', 'not this one, no');
      await page.getByRole('alert').filter({ hasText: 'is wrong' }).waitFor();
      page.complaints.length = 0; // the 401
      await logIn(page, 'ann', ANN);
      await page.getByRole('heading', { level: 1, name: 'level' }).waitFor();
      await page.context().clearCookies();
      await page.getByRole('heading', { name: 'Log in' }).waitFor();
      page.complaints.length = 0; // and that of a session that is gone
      await logIn(page, 'ann', ANN);
      await page.getByRole('heading', { level: 1, name: 'level' }).waitFor();
      await page.getByText('Live', { exact: true }).first().waitFor();
      await page.getByRole('button', { name: 'Add an annotation' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Text').waitFor();
      must((await dialog.getByLabel('Author').count()) === 0, 'who is known is the author');
      await page.keyboard.press('Escape');
      page.complaints.length = 0;
    });
  },

  async a_wait_is_counted_down_and_a_code_is_asked_for() {
    await visit(async (page) => {
      const problem = (status, code, headers = {}) => page.route('**/v1/session', (asked) =>
        asked.request().method() !== 'POST' ? asked.continue() : asked.fulfill({ status, headers,
          contentType: 'application/problem+json', body: JSON.stringify({ code, title: code, status }) }));
      await page.getByRole('heading', { name: 'Log in' }).waitFor();
      await problem(429, 'slow_down', { 'Retry-After': '3' });
      await logIn(page, 'ann', ANN);
      await page.getByText(/Again possible in \d s/).waitFor();
      const enter = page.getByRole('button', { name: 'Log in' });
      must(await enter.isDisabled(), 'nothing is tried while one has to wait');
      await until('the wait is over', () => enter.isEnabled());
      must((await page.getByLabel('Code of the second factor').count()) === 0, 'no code unless it is wanted');
      await page.unroute('**/v1/session');
      await problem(401, 'second_factor');
      await enter.click();
      const code = page.getByLabel('Code of the second factor');
      await code.waitFor();
      await until('the code can be typed at once', () => code.evaluate((input) => input === document.activeElement));
      must(await enter.isDisabled(), 'without a code nothing is sent');
      await page.unroute('**/v1/session');
      const answered = page.waitForResponse((answer) => answer.request().method() === 'POST');
      await code.fill('123456');
      await page.keyboard.press('Enter');
      must(JSON.parse((await answered).request().postData()).code === '123456', 'the code is sent');
      page.complaints.length = 0; // the 429 and the 401
    });
  },

  async who_was_invited_sees_what_his_role_allows() {
    await visit(async (page) => {
      await page.goto(invitation);
      await newPassword(page, BO);
      await page.getByRole('button', { name: 'Set the password' }).click();
      await page.getByText('The password is set').waitFor();
      must((await page.getByLabel('Name', { exact: true }).inputValue()) === 'bo', 'his name is known');
      await page.getByLabel('Password', { exact: true }).fill(BO);
      await page.getByRole('button', { name: 'Log in' }).click();
      await page.getByRole('navigation').getByRole('link', { name: 'Points' }).first().click();
      await page.getByRole('treeitem').filter({ hasText: 'plant' }).waitFor();
      must((await page.getByText('secret').count()) === 0, 'he sees what is hidden from him');
      must((await page.getByRole('link', { name: 'Settings' }).count()) === 0, 'a page that he may not open');
      must((await page.getByRole('button', { name: 'New point' }).count()) === 0, 'a button without the right');
      await go(page, 'points/plant/level');
      await page.getByRole('heading', { level: 1, name: 'level' }).waitFor();
      must((await page.getByRole('button', { name: 'Retire' }).count()) === 0, 'nor may he retire a point');
      await page.getByText('said by ann').waitFor();
      await page.getByRole('button', { name: 'Show the table' }).click();
      const grid = page.getByRole('grid', { name: 'Samples' });
      await grid.getByRole('row').nth(1).click();
      await page.keyboard.press('Enter');
      for (const name of ['Add an annotation', 'Annotate', 'Correct', /Remove the annotation/])
        must((await page.getByRole('button', { name }).count()) === 0, `nor a button ${name}`);
      must((await page.getByRole('dialog').count()) === 0, 'nor may he correct a sample');
      must((await page.getByRole('link', { name: 'People' }).count()) === 0, 'nor look at people');
      await page.getByRole('link', { name: 'Bo Chen' }).click();
      await page.getByRole('heading', { level: 1, name: 'My account' }).waitFor();
      await page.getByText('this one').waitFor();
      await page.getByLabel('Password as it is').fill('not this one, no');
      await newPassword(page, `${BO}, again`);
      await page.getByRole('button', { name: 'Change the password' }).click();
      await page.getByText('The password as it is, is wrong').waitFor();
      await page.getByLabel('Password as it is').fill(BO);
      await page.getByRole('button', { name: 'Change the password' }).click();
      await page.getByText('The password is changed').waitFor();
      await page.getByRole('button', { name: 'Log out' }).first().click();
      await page.getByRole('heading', { name: 'Log in' }).waitFor();
      await until('the session is over', async () => !(await ask(page, 'GET', '/v1/session')).body.entered);
      page.complaints.length = 0;
    });
  },

  async somebody_is_removed() {
    for (const [language, size, dark] of [['zh', PHONE, true], ['en', DESKTOP, false]])
      await visit(async (page) => {
        await ask(page, 'POST', '/v1/session', { user: 'ann', password: ANN });
        for (const hash of ['account', 'people']) {
          await go(page, hash);
          await page.reload();
          await page.getByRole('heading', { level: 1 }).waitFor();
          await page.getByRole('row').nth(1).waitFor();
          await goodOfPage(page, `${hash} (${language})`);
        }
        page.complaints.length = 0;
        if (language === 'zh') return;
        await page.getByRole('button', { name: 'Remove bo' }).click();
        await page.getByRole('dialog').getByRole('button', { name: 'Remove bo' }).click();
        await page.getByRole('row').filter({ hasText: 'Bo Chen' }).waitFor({ state: 'detached' });
        await page.getByRole('dialog').waitFor({ state: 'detached' });
      }, { language, size, dark, touch: size === PHONE, bypassCSP: true });
  },

  async the_doors_are_good_in_both_languages_themes_and_sizes() {
    for (const [language, size, dark, title] of [['en', DESKTOP, false, 'Log in'], ['zh', PHONE, true, '登录']])
      await visit(async (page) => {
        await page.getByRole('heading', { level: 1, name: title }).waitFor();
        await goodOfPage(page, `login (${language})`);
        await page.goto(`http://${http}/setup#mst_u_none`);
        await page.locator('input[autocomplete="new-password"]').first().waitFor();
        await goodOfPage(page, `set-up (${language})`);
        page.complaints.length = 0;
      }, { language, size, dark, touch: size === PHONE, bypassCSP: true });
  },
});
