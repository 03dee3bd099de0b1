// The explorer of a running server, as somebody uses it who sees it for the first time: node --test-force-exit explorer.test.mjs <API>
// One page, and trials one after the other: each goes on where the one before has stopped.
import assert from "node:assert/strict";
import { after, test } from "node:test";

import { apiAt } from "./trials/api.mjs";
import { becomes } from "./trials/becomes.mjs";
import { launch } from "./trials/browser.mjs";

const [endpoint] = process.argv.slice(2);
const api = apiAt(endpoint);
const FIRST_WORDS = "A session is one conversation";
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

/** How bright what an editor writes is, and what the page is written on. */
function brightness(tab) {
  return tab.evaluate(() => {
    const sum = (colour) => colour.match(/\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0);
    const style = (selector) => getComputedStyle(document.querySelector(selector));
    return [sum(style(".graphiql-query-editor .monaco-editor").color), sum(style(".graphiql-container").backgroundColor)];
  });
}

test("it opens on the tour, in the colours that the browser wants, and follows when these change", async () => {
  await page.goto(endpoint);
  await editor.getByText(FIRST_WORDS).waitFor();
  const light = await brightness(page);
  const visit = await browser.newPage({ colorScheme: "dark" });
  await visit.goto(endpoint);
  await visit.locator(".graphiql-query-editor").getByText(FIRST_WORDS).waitFor();
  const dark = await brightness(visit);
  assert.ok(light[1] > 3 * dark[1] && dark[0] > 3 * light[0], `light ${light}, dark ${dark}`);
  await visit.emulateMedia({ colorScheme: "light" });
  await becomes(() => brightness(visit), light);
  await visit.emulateMedia({ colorScheme: "dark" });
  await becomes(() => brightness(visit), dark);
  await visit.close();
});

test("an editor hides no end of a line, and on a small screen the answer stands below it", async () => {
  const visit = await browser.newPage({ viewport: { width: 400, height: 800 } });
  await visit.goto(endpoint);
  await visit.locator(".graphiql-query-editor").getByText("session is one").waitFor();
  const boxes = () => Promise.all([".graphiql-editors", ".graphiql-response"].map((one) => visit.locator(one).boundingBox()));
  const [above, below] = await boxes();
  assert.ok(below.y >= above.y + above.height, JSON.stringify([above, below]));
  assert.ok(above.width > 280 && below.width > 280, JSON.stringify([above, below]));
  const tooLong = visit.locator(".graphiql-query-editor .view-line").filter({ hasText: /.{40}/ });
  assert.equal(await tooLong.count(), 0);
  await visit.close();
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
  await editor.getByText(FIRST_WORDS).waitFor();
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
