// The explorer of a server that asks for tokens: node --test-force-exit explorer-token.test.mjs <API> <token>
import assert from "node:assert/strict";
import { after, test } from "node:test";

import { becomes } from "./trials/becomes.mjs";
import { launch } from "./trials/browser.mjs";

const [endpoint, token] = process.argv.slice(2);
const browser = await launch();
const page = await (await browser.newContext({ viewport: { width: 1400, height: 900 } })).newPage();
page.setDefaultTimeout(30_000);
after(() => browser.close());

const answer = page.locator(".result-window .view-lines");
const stored = () => page.evaluate(() => JSON.stringify(localStorage));

async function run(name) {
  await page.getByRole("button", { name: /execute query/i }).click();
  await page.getByRole("menuitem", { name, exact: true }).click();
}

test("without a token it opens all the same, and says what is missing", async () => {
  await page.goto(endpoint);
  await page.locator(".graphiql-query-editor").getByText("A session is one conversation").waitFor();
  await answer.getByText("UNAUTHENTICATED").waitFor();
});

test("with a token in the headers operations run, and the schema is there after the first one", async () => {
  await page.getByRole("button", { name: "Headers", exact: true }).click();
  const headers = page.getByRole("region", { name: "Headers" });
  await headers.getByText("Bearer <token>").waitFor();
  await headers.locator(".view-lines").last().click();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText(`{"Authorization": "Bearer ${token}`); // the editor closes what is open
  await run("CreateSession");
  await answer.getByText("To Kyoto").first().waitFor();
  await page.getByRole("button", { name: /documentation explorer/i }).click();
  await page.getByRole("link", { name: "Query" }).first().waitFor();
});

test("the history has the operation, and the browser keeps no token", async () => {
  await page.getByRole("button", { name: "Show History" }).click();
  await page.locator(".graphiql-history").getByText("CreateSession").first().waitFor();
  await becomes(async () => (await stored()).includes("graphiql:queries"), true);
  assert.ok(!(await stored()).includes(token));
});

test("one that an earlier version kept is taken out", async () => {
  await page.evaluate((token) => {
    const queries = [{ query: "{ viewer { id } }", headers: `{"Authorization": "Bearer ${token}"}` }];
    localStorage.setItem("graphiql:queries", JSON.stringify({ queries }));
  }, token);
  await page.reload();
  await page.locator(".graphiql-history").getByText("viewer").first().waitFor();
  assert.ok(!(await stored()).includes(token));
});
