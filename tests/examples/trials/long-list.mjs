// A list that is longer than its pages.
import assert from "node:assert/strict";
import { test } from "node:test";

import { api, becomes, open, page } from "./stage.mjs";

const TEN = Array.from(
  { length: 10 },
  (_, place) => `s${place}: createSession(input: {title: "Ten"}) { session { id } }`,
);

const LIST = `{
  sessions(first: 100, filter: { archived: false }, orderBy: LAST_ACTIVITY_DESC) { totalCount nodes { id pinnedAt } }
}`;

test("a long list is loaded page by page while one scrolls", async () => {
  for (let turn = 0; turn < 6; turn += 1) await api.ask(`mutation { ${TEN.join(" ")} }`);
  const { totalCount, nodes } = (await api.ask(LIST)).sessions;
  const pinned = nodes.filter(({ pinnedAt }) => pinnedAt);
  await open();
  const links = page.locator(".sessions a");
  for (let size = 25; size < totalCount; size += 25) {
    await becomes(() => links.count(), new Set([...pinned, ...nodes.slice(0, size)]).size);
    await page.locator(".sidebar").evaluate((list) => list.scrollTo(0, list.scrollHeight));
  }
  await becomes(() => links.count(), totalCount);
  const ids = await links.evaluateAll((all) => all.map((link) => decodeURIComponent(link.hash.split("/")[1])));
  assert.deepEqual(
    ids,
    [...new Set([...pinned, ...nodes])].map(({ id }) => id),
  );
});
