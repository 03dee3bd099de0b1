// The list of sessions.
import assert from "node:assert/strict";
import { test } from "node:test";

import { api, becomes, open, page } from "./stage.mjs";

const links = page.locator(".sessions a");

test("a page without sessions says so", async () => {
  await open();
  await page.getByText("No sessions yet").waitFor();
});

test("a session that is created is the first of the list, once, and open", async () => {
  await api.createSession("Older");
  await page.getByLabel("Title of a new session").fill("Made here");
  await page.getByRole("button", { name: "Create session" }).click();
  await page.getByRole("heading", { name: "Made here" }).waitFor();
  assert.deepEqual(await page.locator(".sessions .title").allTextContents(), ["Made here", "Older"]);
});

test("a session that another makes, renames and deletes comes, changes and goes by itself", async () => {
  const id = await api.createSession("From afar");
  await links.filter({ hasText: "From afar" }).waitFor();
  await api.updateSession(id, { title: "Renamed afar" });
  await links.filter({ hasText: "Renamed afar" }).waitFor();
  await links.first().click();
  await page.getByRole("heading", { name: "Renamed afar" }).waitFor();
  await api.ask("mutation ($id: ID!) { deleteSession(input: {id: $id}) { errors { message } } }", { id });
  await page.getByText("This session is not there").waitFor();
  assert.equal(await links.filter({ hasText: "Renamed afar" }).count(), 0);
});

test("an address that leads nowhere says so, and leads back", async () => {
  await page.evaluate(() => (location.hash = "#/nonsense"));
  await page.getByRole("heading", { name: "This session cannot be shown" }).waitFor();
  await page.getByRole("link", { name: "All sessions" }).click();
  await page.getByText("Nothing open").waitFor();
});

test("a session is renamed in place, and Escape leaves its title as it was", async () => {
  await links.filter({ hasText: "Older" }).click();
  await page.getByRole("button", { name: "Rename session" }).click();
  await page.getByLabel("Title", { exact: true }).fill("Half a thought");
  await page.keyboard.press("Escape");
  await page.getByRole("heading", { name: "Older" }).waitFor();
  await page.getByRole("button", { name: "Rename session" }).click();
  await page.getByLabel("Title", { exact: true }).fill("Better");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Better" }).waitFor();
  await links.filter({ hasText: "Better" }).waitFor();
});

test("a title that the server refuses is told in its words", async () => {
  await page.getByLabel("Title of a new session").fill("x".repeat(1001));
  await page.getByRole("button", { name: "Create session" }).click();
  await page.getByRole("alert").filter({ hasText: "1000" }).waitFor();
  await page.getByLabel("Title of a new session").fill("");
});

test("a session is deleted after a question, and stays when the answer is no", async () => {
  await page.getByRole("button", { name: "Delete session" }).click();
  await page.keyboard.press("Escape");
  await page.getByRole("heading", { name: "Better" }).waitFor();
  await page.getByRole("button", { name: "Delete session" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByText("Nothing open").waitFor();
  await becomes(() => links.filter({ hasText: "Better" }).count(), 0);
});
