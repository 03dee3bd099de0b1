// Sessions kept in order: by what was said last, pinned, put away.
import assert from "node:assert/strict";
import { test } from "node:test";

import { api, becomes, open, page } from "./stage.mjs";

const links = page.locator(".sessions a");
const names = (count) => async () => (await page.locator(".sessions .title").allTextContents()).slice(0, count);
const button = (name, pressed) => page.getByRole("button", { name, pressed });
const ids = {};

test("the session in which something was said last comes first: open or not", async () => {
  for (const title of ["Oldest", "Middle", "Newest"]) ids[title] = await api.createSession(title);
  await open(ids.Oldest);
  await becomes(names(3), ["Newest", "Middle", "Oldest"]);
  await api.store(ids.Oldest, [{ role: "USER", content: "Now" }]);
  await becomes(names(3), ["Oldest", "Newest", "Middle"]);
  await api.store(ids.Middle, [{ role: "USER", content: "Later" }]);
  await becomes(names(3), ["Middle", "Oldest", "Newest"]);
});

test("a session without a title is called by what its user said first", async () => {
  await open(await api.createSession(null));
  await page.getByRole("heading", { name: "Untitled" }).waitFor();
  await page.getByLabel("Message", { exact: true }).fill("Where do swifts sleep?\nIn the air?");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Where do swifts sleep?", exact: true }).waitFor();
  await links.filter({ hasText: "Where do swifts sleep?" }).waitFor();
  await becomes(() => page.title(), "Where do swifts sleep?");
});

test("a pinned session stays on top, whoever pins it, until it is pinned no more", async () => {
  await open(ids.Newest);
  await button("Pin session", false).click();
  await button("Pin session", true).waitFor();
  await becomes(names(1), ["Newest"]);
  await links.first().getByRole("img", { name: "Pinned" }).waitFor();
  await api.updateSession(ids.Oldest, { pinned: true });
  await becomes(names(2), ["Oldest", "Newest"]);
  await page.reload();
  await becomes(names(2), ["Oldest", "Newest"]);
  await button("Pin session", true).click();
  await api.updateSession(ids.Oldest, { pinned: false });
  await becomes(() => page.locator(".sessions [aria-label='Pinned']").count(), 0);
});

test("an archived session leaves the list, stays open, and comes back from the archive", async () => {
  await button("Archive session", false).click();
  await becomes(() => links.filter({ hasText: "Newest" }).count(), 0);
  await page.getByRole("heading", { name: "Newest" }).waitFor();
  await api.updateSession(ids.Middle, { archived: true });
  await becomes(() => links.filter({ hasText: "Middle" }).count(), 0);
  await button("Show the archive", false).click();
  await page.getByRole("heading", { name: "Archive", exact: true }).waitFor();
  await becomes(names(3), ["Middle", "Newest"]);
  await button("Archive session", true).click();
  await becomes(names(3), ["Middle"]);
  await api.updateSession(ids.Middle, { archived: false });
  await page.getByText("The archive is empty.").waitFor();
  await button("Show the archive", true).click();
  await links.filter({ hasText: "Newest" }).waitFor();
  await links.filter({ hasText: "Middle" }).waitFor();
});
