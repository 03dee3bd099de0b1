// Pictures of the example: node screenshots.mjs <page> <API> <folder>
import { apiAt } from "./trials/api.mjs";
import { launch } from "./trials/browser.mjs";
import { seed } from "./trials/seed.mjs";

const [page, api, folder] = process.argv.slice(2);
const session = await seed(apiAt(api));
const browser = await launch();

for (const colorScheme of ["light", "dark"]) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 736 }, colorScheme, locale: "en-GB" });
  const tab = await context.newPage();
  const open = async (view, shown) => {
    await tab.goto(`${page}#/${encodeURIComponent(session)}/${view}`);
    await tab.getByText("Live", { exact: true }).waitFor();
    await tab.getByText(shown).first().waitFor();
    await tab.evaluate(() => document.fonts.ready);
  };
  await open("conversation", "FJ-7420. The tickets");
  await tab.locator(".tool-call summary", { hasText: "Sat 15:35" }).click();
  await tab.locator(".scroller").evaluate((scroller) => scroller.scrollTo(0, scroller.scrollHeight));
  await tab.mouse.move(640, 20);
  await tab.evaluate(() => document.activeElement?.blur());
  await tab.screenshot({ path: `${folder}/web-${colorScheme}.png` });
  await open("context", "tokens");
  await tab.getByRole("group", { name: "Second" }).getByLabel("Drop the oldest: tokens stay").fill("250");
  await tab.getByText(/[1-9] gone/).waitFor();
  await tab.screenshot({ path: `${folder}/web-context-${colorScheme}.png` });
}
await browser.close();
