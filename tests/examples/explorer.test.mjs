// The explorer of a running server, as somebody uses it who sees it for the first time: node --test explorer.test.mjs <API>
// One page, and trials one after the other: each goes on where the one before has stopped.
import assert from "node:assert/strict";
import { after, test } from "node:test";

import { apiAt } from "./trials/api.mjs";
import { launch } from "./trials/browser.mjs";

const [endpoint] = process.argv.slice(2);
const api = apiAt(endpoint);
const asked = new Set();
const complaints = [];

const browser = await launch();
const page = await (await browser.newContext({ viewport: { width: 1400, height: 900 } })).newPage();
page.setDefaultTimeout(30_000);
page.on("request", (request) => asked.add(new URL(request.url()).origin));
page.on("websocket", (socket) => asked.add(new URL(socket.url()).origin));
// The builder of operations complains of lists in arguments, which it does not show.
page.on("console", (said) => said.type() === "error" && !/^arg mismatch/.test(said.text()) && complaints.push(said.text()));
page.on("pageerror", (error) => complaints.push(String(error)));
after(() => browser.close());

const editor = page.locator(".graphiql-query-editor .view-lines");
const answer = page.locator(".result-window .view-lines");
const session = () => page.locator("#tour-variables").textContent().then((text) => JSON.parse(text).session);
/** What an editor shows: its blanks are such as do not break. */
const shown = async (lines) => (await lines.innerText()).replaceAll("\u00a0", " ");

/** Run an operation of the tour, and wait until the answer shows a text. */
async function run(name, text) {
  await page.getByRole("button", { name: /execute query/i }).click();
  await page.getByRole("menuitem", { name, exact: true }).click();
  if (text) await answer.getByText(text).first().waitFor();
}

test("it opens on the tour, in the colours that the browser wants", async () => {
  await page.goto(endpoint);
  await editor.getByText("conversation and one disk of files").waitFor();
  const visit = await browser.newPage({ colorScheme: "dark" });
  await visit.goto(endpoint);
  const shades = [];
  for (const tab of [page, visit]) {
    const colour = await tab.locator(".graphiql-container").evaluate((one) => getComputedStyle(one).backgroundColor);
    shades.push(colour.match(/\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0));
  }
  await visit.close();
  assert.ok(shades[0] > 3 * shades[1], `light ${shades[0]}, dark ${shades[1]}`);
});

test("the operations of the tour run from the first to the last", async () => {
  await run("CreateSession", "To Kyoto");
  await run("StoreMessages", "storedCount");
  await run("LoadHistory", "tokenCounts");
  await run("UploadFile", "plan.md");
  await run("ListFiles", "directories");
  await run("GetOrCreateSession", "created");
  assert.match(await shown(answer), /"created": false/);
});

test("what others store in a session that is followed comes live", async () => {
  const following = page
    .waitForEvent("websocket")
    .then((socket) => socket.waitForEvent("framesent", ({ payload }) => payload.includes('"subscribe"')));
  await run("MessageStored");
  await following;
  const id = await session();
  const hello = `mutation ($id: ID!) {
    storeMessage(input: { sessionId: $id, message: { chat: { role: USER, content: "Hello from afar" } } }) { errors { code } }
  }`;
  // The server may hear of the message before it hears of the subscription.
  for (let times = 0, came = false; !came && times < 20; times += 1) {
    await api.ask(hello, { id });
    came = await answer.getByText("afar").first().waitFor({ timeout: 1000 }).then(() => true, () => false);
  }
  assert.match(await shown(answer), /Hello from afar/);
  await page.getByRole("button", { name: /stop query/i }).click();
});

test("the documentation, the history and the builder of operations open", async () => {
  await page.getByRole("button", { name: /documentation explorer/i }).click();
  await page.getByRole("link", { name: "Query" }).first().click();
  await page.getByText("A user's sessions, newest first").waitFor();
  await page.getByRole("button", { name: "Show History" }).click();
  await page.locator(".graphiql-history").getByText("CreateSession").first().waitFor();
  await page.getByRole("button", { name: /show graphiql explorer/i }).click();
  await page.locator(".docExplorerWrap").getByText("getOrCreateSession").first().waitFor();
});

test("a header that is typed is sent", async () => {
  await page.getByRole("button", { name: "Headers", exact: true }).click();
  const headers = page.getByRole("region", { name: "Headers" });
  await headers.locator(".view-lines").last().click();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText('{"X-User": "somebody@else.example'); // the editor closes what is open
  await run("ListSessions", "totalCount");
  assert.match(await shown(answer), /"totalCount": 0/);
});

test("a second visit fetches nothing again that the browser has", async () => {
  await page.reload();
  await editor.getByText("conversation and one disk of files").waitFor();
  const fetched = await page.evaluate(() =>
    performance
      .getEntriesByType("resource")
      .filter(({ name, transferSize }) => name.includes("/explorer/") && transferSize > 0)
      .map(({ name }) => name),
  );
  assert.deepEqual(fetched, []);
});

test("it asked nobody but its server, and complained of nothing", () => {
  const { origin } = new URL(endpoint);
  assert.deepEqual([...asked].filter((one) => !/^(data|blob):/.test(one) && one !== "null").sort(), [origin, origin.replace("http", "ws")]);
  assert.deepEqual(complaints, []);
});
