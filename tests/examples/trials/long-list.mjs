// A list that is longer than its pages.
import assert from "node:assert/strict";
import { test } from "node:test";

import { api, becomes, open, page } from "./stage.mjs";

const TEN = Array.from(
  { length: 10 },
  (_, place) => `s${place}: createSession(input: {title: "Ten"}) { session { id } }`,
);

test("a long list is loaded page by page while one scrolls", async () => {
  for (let turn = 0; turn < 6; turn += 1) await api.ask(`mutation { ${TEN.join(" ")} }`);
  const { sessions } = await api.ask("{ sessions(first: 100) { totalCount nodes { id title } } }");
  await open();
  const links = page.locator(".sessions a");
  for (let size = 25; size < sessions.totalCount; size += 25) {
    await becomes(() => links.count(), size);
    await page.locator(".sidebar").evaluate((list) => list.scrollTo(0, list.scrollHeight));
  }
  await becomes(() => links.count(), sessions.totalCount);
  const ids = await links.evaluateAll((all) => all.map((link) => decodeURIComponent(link.hash.split("/")[1])));
  assert.deepEqual(
    ids,
    sessions.nodes.map(({ id }) => id),
  );
});
