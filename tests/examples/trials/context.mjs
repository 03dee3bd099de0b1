// The context preview, held against what the API says.
import assert from "node:assert/strict";
import { test } from "node:test";

import { api, becomes, open, openedSession, page, seeded } from "./stage.mjs";

const VIEW = `query ($id: ID!, $edits: [EditStrategyInput!]) {
  session(id: $id) {
    messages(editStrategy: $edits) {
      tokenCount
      nodes { id tokenCount }
      edits { tokensBefore tokensAfter removedIds changedIds }
    }
  }
}`;
const BLANKED = { removeToolResult: { keepRecentNToolResults: 1 } };

async function view(id, edits) {
  return (await api.ask(VIEW, { id, edits })).session.messages;
}

const shownTokens = (name) => page.getByRole("region", { name }).locator(".tokens").textContent();

/** What a column tells of each message: what became of it, and how many tokens it had and has. */
function shownRows(name) {
  const rows = page.getByRole("region", { name }).locator("li");
  return rows.evaluateAll((all) =>
    all.map((row) => {
      const [had, has] = ["del", "b"].map((tag) => row.querySelector(`.size ${tag}`)?.textContent.replaceAll(",", ""));
      return { id: row.dataset.id, fate: row.dataset.fate, had: Number(had ?? has), has: Number(has ?? 0) };
    }),
  );
}

/** The same as the API tells it. */
function toldRows(stored, { nodes, edits }) {
  const left = new Map(nodes.map(({ id, tokenCount }) => [id, tokenCount]));
  return stored.nodes.map(({ id, tokenCount }) => {
    const fate = edits?.removedIds.includes(id) ? "gone" : edits?.changedIds.includes(id) ? "changed" : "kept";
    return { id, fate, had: tokenCount, has: left.get(id) ?? 0 };
  });
}

/** Wait until a column shows what the API tells of these strategies; give how many messages have each fate. */
async function showsWhatIsTold(name, session, edits) {
  const [stored, edited] = [await view(session, null), await view(session, edits)];
  const { tokensBefore, tokensAfter } = edited.edits ?? {};
  const [before, after] = [tokensBefore ?? stored.tokenCount, tokensAfter ?? stored.tokenCount];
  await becomes(() => shownTokens(name), `${after.toLocaleString("en-GB")} of ${before.toLocaleString("en-GB")} tokens`);
  const rows = await shownRows(name);
  assert.deepEqual(rows, toldRows(stored, edited));
  assert.equal(rows.reduce((sum, { has }) => sum + has, 0), after);
  const count = (fate) => rows.filter((row) => row.fate === fate).length;
  const counts = { kept: count("kept"), changed: count("changed"), gone: count("gone") };
  const said = Object.entries(counts).map(([fate, number]) => `${number} ${fate}`);
  assert.equal(await page.getByRole("region", { name }).locator(".counts").textContent(), said.join(", "));
  return counts;
}

test("two strategies stand side by side with what the API says that they do, and each message's tokens", async () => {
  const session = await seeded();
  await open(session, "context");
  const unedited = await showsWhatIsTold("First view", session, null);
  assert.deepEqual([unedited.changed, unedited.gone], [0, 0]);
  const second = await showsWhatIsTold("Second view", session, [BLANKED, { tokenLimit: { limitTokens: 500 } }]);
  assert.ok(second.changed > 0);
});

test("other numbers give other views, and a number that is none is marked and not sent", async () => {
  const session = openedSession();
  const limit = page.getByRole("group", { name: "Second" }).getByLabel("Drop the oldest: tokens stay");
  await limit.fill("200");
  const limited = await showsWhatIsTold("Second view", session, [BLANKED, { tokenLimit: { limitTokens: 200 } }]);
  assert.ok(limited.gone > 0);
  await limit.fill("");
  await becomes(() => limit.getAttribute("aria-invalid"), "true");
  await showsWhatIsTold("Second view", session, [BLANKED]);
  const first = page.getByRole("group", { name: "First" });
  await first.getByLabel("Cut out of the middle", { exact: true }).check();
  await first.getByLabel("Cut out of the middle: tokens stay").fill("300");
  await showsWhatIsTold("First view", session, [{ middleOut: { tokenReduceTo: 300 } }]);
});

test("the conversation is shown as it is stored after a preview", async () => {
  await page.getByRole("link", { name: "Conversation" }).click();
  const call = page.locator(".tool-call", { hasText: "Sat 15:05" });
  await call.locator("summary").click();
  await call.getByText("The 15:05 is fully booked.").waitFor();
});
