// Pictures of every page: desktop and phone, Chinese and English, light and dark.
// Usage: node screenshots.mjs HTTP-ADDRESS FOLDER [PAGE...]
import { mkdirSync } from 'node:fs';
import { DESKTOP, PHONE, launch, open } from './browser.mjs';

const [, , http, folder, ...only] = process.argv;
// Of the demo's points; a server without them shows what it has.
const PAGES = {
  overview: '#/overview',
  points: '#/points/zema/hydraulics/testbench/rig1',
  point: '#/points/zema/hydraulics/testbench/rig1/TS1',
  search: '#/points',
  trends: '#/trends?p=zema/hydraulics/testbench/rig1/TS1&p=zema/hydraulics/testbench/rig1/TS2' +
    '&p=zema/hydraulics/testbench/rig1/TS4&p=zema/hydraulics/testbench/rig1/condition/cooler&last=10m',
  sql: `#/sql?q=${encodeURIComponent("select time_text(time) as at, path, mean\nfrom buckets('zema/#', 'now-10m', 'now', '10s')\n" +
    "where path glob '*/TS?'\norder by time")}`,
  alarms: '#/alarms',
  alarm_journal: '#/alarms?view=journal',
  alarm_statistics: '#/alarms?view=statistics',
  alarm_handover: '#/alarms?view=handover',
  rules: '#/rules',
  rule: '#/rules/oil-hot',
  oncall: '#/oncall',
  channels: '#/oncall?view=channels',
  assets: '#/assets',
  asset: '#/assets/zema/rig1',
  types: '#/assets?view=types',
  inbox: '#/assets?view=inbox',
  files: '#/assets?view=file',
  map: '#/map',
  boards: '#/boards',
  documents: '#/documents',
  policies: '#/policies',
  topics: '#/topics',
  retained: '#/retained',
  clients: '#/clients',
  refused: '#/refused',
  settings: '#/settings',
  people: '#/people',
  roles: '#/roles',
  devices: '#/devices',
  tokens: '#/tokens',
  shares: '#/shares',
  tenants: '#/tenants',
  audit: '#/audit',
};
const LOOKS = [
  { name: 'desktop-en', size: DESKTOP, language: 'en' },
  { name: 'desktop-zh-dark', size: DESKTOP, language: 'zh', dark: true },
  { name: 'phone-zh', size: PHONE, language: 'zh', touch: true },
  { name: 'phone-en-dark', size: PHONE, language: 'en', dark: true, touch: true },
];

mkdirSync(folder, { recursive: true });
const browser = await launch();
for (const look of LOOKS) {
  const page = await open(browser, http, look);
  for (const [name, hash] of Object.entries(PAGES)) {
    if (only.length > 0 && !only.includes(name)) continue;
    await page.goto(`http://${http}/${hash}`);
    if (name === 'search') await page.getByRole('searchbox').first().fill('air');
    // What ticks needs a moment to have something to show.
    await page.waitForTimeout(['overview', 'point', 'map'].includes(name) ? 6000 : 1200);
    await page.screenshot({ path: `${folder}/${name}-${look.name}.png` });
  }
  for (const complaint of page.complaints) console.log(`${look.name}: ${complaint}`);
  await page.context().close();
}
await browser.close();
