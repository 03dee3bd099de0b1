// Usable by keyboard, in light and dark, on a small screen, and by those who do not see it.
import assert from "node:assert/strict";
import { test } from "node:test";

import { api, becomes, hasNoBarrier, messages, newPage, open, seeded } from "./stage.mjs";

const SHOWN = { conversation: ".message", context: ".edited li", files: ".file" };
const focused = (page) =>
  page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent);
const background = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);

/** An element has an outline, or what encloses it like a frame has one. */
function isFocusSeen() {
  const frame = document.activeElement.closest(".box") ?? document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(frame);
  return outlineStyle !== "none" && outlineWidth !== "0px";
}

/** What is scrolled sideways, the page itself included. */
function isTooWide() {
  const scrolled = (one) => one === document.documentElement || /auto|scroll/.test(getComputedStyle(one).overflowX);
  const wide = [...document.querySelectorAll("*")].filter((one) => scrolled(one) && one.scrollWidth > one.clientWidth);
  return wide.map((one) => one.className || one.tagName);
}

/** Press Tab until something has the focus; it has to be seen to have it. */
async function tabTo(page, name) {
  for (let presses = 0; presses < 60 && (await focused(page)) !== name; presses += 1) await page.keyboard.press("Tab");
  assert.equal(await focused(page), name);
  assert.equal(await page.evaluate(isFocusSeen), true, `the focus on ${name} is not seen`);
}

test("everything is reached by the keyboard alone", async () => {
  const page = await newPage();
  await open(null, "conversation", page);
  await tabTo(page, "Title of a new session");
  await page.keyboard.type("By keys");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "By keys" }).waitFor();
  await tabTo(page, "Rename session");
  await page.keyboard.press("Enter");
  await page.keyboard.type("By keys alone");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "By keys alone" }).waitFor();
  await becomes(() => focused(page), "Rename session");
  await tabTo(page, "Message");
  await page.keyboard.type("Typed");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("on two lines");
  await page.keyboard.press("Enter");
  await messages(page).filter({ hasText: "Typed\non two lines" }).waitFor();
  await page.keyboard.press("Escape");
  await becomes(async () => (await focused(page)).startsWith("By keys alone"), true);
  await page.keyboard.press("ArrowDown");
  const next = await page.evaluate(() => document.activeElement.querySelector(".title").textContent);
  assert.notEqual(next, "By keys alone");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: next, exact: true }).waitFor();
  await page.keyboard.press("End");
  await page.keyboard.press("Home");
  await becomes(() => page.evaluate(() => document.activeElement === document.querySelector(".sessions a")), true);
  assert.equal(await page.locator(".sessions [tabindex='0']").count(), 1);
  await page.context().close();
});

test("a question takes the focus, and gives it back", async () => {
  const page = await newPage();
  await open(await api.createSession("Asked"), "conversation", page);
  await page.getByRole("heading", { name: "Asked" }).waitFor();
  await tabTo(page, "Delete session");
  await page.keyboard.press("Enter");
  await becomes(() => focused(page), "Keep it");
  await hasNoBarrier(page);
  await page.keyboard.press("Escape");
  await becomes(() => focused(page), "Delete session");
  await page.context().close();
});

test("light and dark follow the system until one is chosen, which is remembered", async () => {
  const page = await newPage({ colorScheme: "dark" });
  await open(null, "conversation", page);
  const dark = await background(page);
  const toggle = page.getByRole("button", { name: "Dark colours", pressed: true });
  await page.emulateMedia({ colorScheme: "light" });
  const light = await background(page);
  assert.notEqual(light, dark);
  await page.emulateMedia({ colorScheme: "dark" });
  await toggle.click();
  assert.equal(await background(page), light);
  await page.reload();
  await page.getByRole("button", { name: "Dark colours", pressed: false }).waitFor();
  assert.equal(await background(page), light);
  await page.context().close();
});

test("no view has a barrier or is wider than its screen, in light and dark, wide and narrow", async () => {
  const session = await seeded();
  await api.store(session, [{ role: "ASSISTANT", content: "long".repeat(500) }]);
  const page = await newPage();
  await open(null, "conversation", page);
  for (const view of ["", ...Object.keys(SHOWN)]) {
    await page.evaluate((hash) => (location.hash = hash), view && `#/${encodeURIComponent(session)}/${view}`);
    await page
      .locator(SHOWN[view] ?? ".sessions a")
      .first()
      .waitFor();
    for (const folded of await page.locator("summary:visible").all()) await folded.click();
    for (const width of [1280, 400])
      for (const [colorScheme, rules] of [
        ["light", undefined],
        ["dark", ["color-contrast"]], // all else is as in light
      ]) {
        await page.setViewportSize({ width, height: 800 });
        await page.emulateMedia({ colorScheme });
        await hasNoBarrier(page, rules);
        assert.deepEqual(await page.evaluate(isTooWide), [], `${view} at ${width}`);
      }
  }
  await page.context().close();
});

test("on a small screen list and session take turns, and the focus goes along", async () => {
  const page = await newPage({ viewport: { width: 400, height: 800 } });
  const title = "Small";
  await api.createSession(title);
  await open(null, "conversation", page);
  const link = page.locator(".sessions a", { hasText: title });
  await link.press("Enter");
  await page.getByRole("heading", { name: title }).waitFor();
  assert.equal(await link.isVisible(), false);
  await becomes(() => page.evaluate(() => document.activeElement.tagName), "MAIN");
  await page.getByLabel("Message", { exact: true }).press("Escape");
  await becomes(() => link.evaluate((one) => one === document.activeElement), true);
  await page.context().close();
});
