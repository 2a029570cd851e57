// What the browser's scripts share: Chromium with a language, a size and a theme, pages that must not
// say a word on the console, and small words for stories.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** Where scripts/install-deps put what tests/browser/package.json names. */
export const MODULES = process.env.MAINSTEM_BROWSER_MODULES ??
  fileURLToPath(new URL('../../build/clients/browser', import.meta.url));
const require = createRequire(`${MODULES}/`);
const { chromium } = require('playwright-core');

export const PATIENCE_MS = 1000 * Number(process.env.MAINSTEM_PATIENCE_S ?? 30);
export const DESKTOP = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };
export const NARROW = { width: 360, height: 740 };

export async function launch() {
  return chromium.launch({
    executablePath: process.env.MAINSTEM_CHROMIUM ?? '/usr/bin/chromium',
    // In a container root has no user namespaces to make a sandbox of.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
  });
}

/** A page of its own context. Whatever it complains of ends the test: page.complaints. */
export async function open(browser, address, options = {}) {
  const { size = DESKTOP, language = 'en', dark = false, touch = false, bypassCSP = false } = options;
  const context = await browser.newContext({
    viewport: size,
    locale: language === 'zh' ? 'zh-CN' : 'en-US',
    colorScheme: dark ? 'dark' : 'light',
    hasTouch: touch,
    isMobile: touch,
    timezoneId: 'Asia/Shanghai',
    bypassCSP,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  page.complaints = [];
  page.on('console', (said) => {
    if (said.type() === 'error' || said.type() === 'warning') page.complaints.push(said.text());
  });
  page.on('pageerror', (error) => page.complaints.push(String(error)));
  await page.goto(`http://${address}/`);
  return page;
}

/** The first row of the tree that holds this text. */
export const treeRow = (page, name) => page.getByRole('treeitem').filter({ hasText: name }).first();

/** Opens a branch of the tree, unless it is open; the tree may open it by itself meanwhile. */
export async function openBranch(page, name) {
  await treeRow(page, name).waitFor();
  await until(`${name} is open`, async () => {
    const opened = async () => (await treeRow(page, name).getAttribute('aria-expanded')) === 'true';
    await page.waitForTimeout(300);
    if (await opened()) return true;
    await treeRow(page, name).locator('.twist').click();
    await page.waitForTimeout(300);
    return opened();
  });
}

export function must(condition, text) {
  if (!condition) throw new Error(text);
}

export async function until(what, condition) {
  const end = Date.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not within ${PATIENCE_MS} ms: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

const axe = () => readFileSync(`${MODULES}/node_modules/axe-core/axe.min.js`, 'utf8');

/** Fits its width, and has no fault that axe-core knows of in WCAG 2.1 A and AA. Needs bypassCSP. */
export async function goodOfPage(page, what) {
  // What is still fading in has less contrast than it will have.
  await page.evaluate(() => Promise.all(document.getAnimations()
    .filter((one) => one.effect?.getComputedTiming().endTime !== Infinity)
    .map((one) => one.finished.catch(() => undefined))));
  const width = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  must(width[0] <= width[1], `${what} is ${width[0]} wide where there are ${width[1]}`);
  await page.evaluate(axe());
  const found = await page.evaluate(() =>
    axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] }));
  const faults = found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120))}`);
  must(faults.length === 0, `${what}: ${faults.join('\n')}`);
}

/** What stories ask of the server, and pages that must not complain. */
export function house(browser, http) {
  return {
    async api(method, path, body, headers = {}) {
      const answer = await fetch(`http://${http}${path}`, {
        method,
        headers: { ...(body ? { 'Content-Type': 'application/json' } : {}), ...headers },
        body: body ? JSON.stringify(body) : undefined,
      });
      must(answer.ok, `${method} ${path}: ${answer.status} ${await answer.clone().text()}`);
      return answer.json();
    },
    async visit(story, options) {
      const page = await open(browser, http, options);
      try {
        await story(page);
        must(page.complaints.length === 0, `the browser complained: ${page.complaints.join('; ')}`);
      } finally {
        await page.context().close();
      }
    },
    go: (page, hash) => page.goto(`http://${http}/#/${hash}`),
  };
}

/** What stands behind the addresses of the server, and the set-up link if it is one, names stories. */
const ARGUMENTS = process.argv[4]?.includes('://') ? 5 : 4;

/** Runs each named story; prints a line each; exits 1 when one failed. */
export async function play(stories) {
  let failed = 0;
  const only = process.argv.slice(ARGUMENTS);
  for (const [name, story] of Object.entries(stories)) {
    if (only.length > 0 && !only.includes(name)) continue;
    const began = Date.now();
    try {
      await story();
      console.log(`ok     ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
    } catch (error) {
      failed++;
      console.log(`FAILED ${name}: ${error.stack ?? error}`);
    }
  }
  process.exit(failed > 0 ? 1 : 0);
}
