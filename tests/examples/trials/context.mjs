// The context preview, held against what the API says.
import assert from "node:assert/strict";
import { test } from "node:test";

import { api, becomes, open, openedSession, page } from "./stage.mjs";
import { seed } from "./seed.mjs";

const VIEW = `query ($id: ID!, $edits: [EditStrategyInput!]) {
  session(id: $id) { messages(editStrategy: $edits) { tokenCount nodes { id text toolResults { text } } } }
}`;

async function view(id, edits) {
  return (await api.ask(VIEW, { id, edits })).session.messages;
}

function shown(name) {
  const column = page.getByRole("region", { name });
  return {
    tokens: async () => Number((await column.locator(".tokens strong").textContent()).replaceAll(",", "")),
    counts: () => column.locator(".counts").textContent(),
  };
}

function countsOf(stored, edited) {
  const left = new Map(edited.nodes.map((message) => [message.id, JSON.stringify(message)]));
  const gone = stored.nodes.filter(({ id }) => !left.has(id)).length;
  const kept = stored.nodes.filter((message) => left.get(message.id) === JSON.stringify(message)).length;
  return `${kept} kept, ${stored.nodes.length - kept - gone} changed, ${gone} gone`;
}

test("two strategies stand side by side with the tokens that the API counts, and what they change", async () => {
  const session = await seed(api);
  const stored = await view(session, null);
  await open(session, "context");
  await becomes(shown("First view").tokens, stored.tokenCount);
  const edits = [{ removeToolResult: { keepRecentNToolResults: 1 } }, { tokenLimit: { limitTokens: 500 } }];
  const edited = await view(session, edits);
  await becomes(shown("Second view").tokens, edited.tokenCount);
  assert.ok(edited.tokenCount < stored.tokenCount);
  assert.equal(await shown("First view").counts(), countsOf(stored, stored));
  assert.equal(await shown("Second view").counts(), countsOf(stored, edited));
  assert.match(await shown("Second view").counts(), /[1-9]\d* changed/);
});

test("other numbers give other views, and a number that is none is marked and not sent", async () => {
  const session = openedSession();
  const second = page.getByRole("group", { name: "Second" });
  const limit = second.getByLabel("Drop the oldest: tokens stay");
  await limit.fill("200");
  const blanked = { removeToolResult: { keepRecentNToolResults: 1 } };
  const stored = await view(session, null);
  const edited = await view(session, [blanked, { tokenLimit: { limitTokens: 200 } }]);
  await becomes(shown("Second view").tokens, edited.tokenCount);
  assert.equal(await shown("Second view").counts(), countsOf(stored, edited));
  assert.match(await shown("Second view").counts(), /[1-9]\d* gone/);
  await limit.fill("");
  await becomes(() => limit.getAttribute("aria-invalid"), "true");
  await becomes(shown("Second view").tokens, (await view(session, [blanked])).tokenCount);
  await page.getByRole("group", { name: "First" }).getByLabel("Cut out of the middle", { exact: true }).check();
  await page.getByRole("group", { name: "First" }).getByLabel("Cut out of the middle: tokens stay").fill("300");
  const middle = await view(session, [{ middleOut: { tokenReduceTo: 300 } }]);
  await becomes(shown("First view").tokens, middle.tokenCount);
});

test("the conversation is shown as it is stored after a preview", async () => {
  await page.getByRole("link", { name: "Conversation" }).click();
  const call = page.locator(".tool-call", { hasText: "Sat 15:05" });
  await call.locator("summary").click();
  await call.getByText("The 15:05 is fully booked.").waitFor();
});
