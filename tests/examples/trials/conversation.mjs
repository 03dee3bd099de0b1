// A conversation: sent, followed, paged.
import assert from "node:assert/strict";
import { test } from "node:test";

import { api, becomes, messages, newPage, open, openedSession, page, stored } from "./stage.mjs";

const say = async (text, at = page) => {
  await at.getByLabel("Message", { exact: true }).fill(text);
  await at.keyboard.press("Enter");
};
const held = () => {
  let release;
  return { released: new Promise((resolve) => (release = resolve)), release: () => release() };
};
const STORED = ".message:not([data-draft])";
const isStore = (request) => request.postData()?.includes("mutation StoreMessage");

test("a message is shown before the server has it, and once though the event overtakes the answer", async () => {
  await open(await api.createSession("Sending"));
  await page.getByText("Nothing was said yet").waitFor();
  const [asked, answered] = [held(), held()];
  await page.route("**/graphql", async (route) => {
    if (!isStore(route.request())) return route.continue();
    await asked.released;
    const response = await route.fetch();
    await answered.released;
    await route.fulfill({ response });
  });
  await say("Shown at once");
  await page.locator(".message[data-draft]", { hasText: "Shown at once" }).waitFor();
  asked.release();
  await page.locator(STORED, { hasText: "Shown at once" }).waitFor();
  assert.equal(await messages().count(), 1);
  answered.release();
  await page.unrouteAll({ behavior: "wait" });
  assert.equal(await messages().count(), 1);
});

test("a message of another writer comes by itself, and is announced; one's own is not", async () => {
  const session = await api.createSession("Two writers");
  await open(session);
  await page.getByText("Nothing was said yet").waitFor();
  const announced = page.locator(".conversation > [aria-live='polite']");
  await say("Mine");
  await page.locator(STORED, { hasText: "Mine" }).waitFor();
  assert.equal(await announced.textContent(), "");
  await api.store(session, [{ role: "ASSISTANT", content: "Theirs" }]);
  await messages().filter({ hasText: "Theirs" }).waitFor();
  await becomes(() => announced.textContent(), "New message: Theirs");
  assert.deepEqual(await page.locator(".message .text").allTextContents(), ["Mine", "Theirs"]);
});

test("a tool call is shown as one, and its result is folded into it when it comes", async () => {
  const session = await api.createSession("Tools");
  await api.store(session, [
    { role: "ASSISTANT", toolCalls: [{ callId: "c1", name: "get_weather", arguments: { city: "Oslo" } }] },
  ]);
  await open(session);
  const call = page.locator(".tool-call");
  await call.getByText("get_weather").waitFor();
  await call.getByText("waiting").waitFor();
  await api.store(session, [{ role: "TOOL", toolCallId: "c1", content: "Rain from noon" }]);
  await call.getByText("done").waitFor();
  assert.equal(await call.getByText("Rain from noon").isVisible(), false);
  await call.locator("summary").click();
  await call.getByText("Rain from noon").waitFor();
  await call.getByText('"city": "Oslo"').waitFor();
  assert.equal(await messages().count(), 1);
});

test("messages of others come while one's own waits for its answer", async () => {
  const session = await api.createSession("Waiting");
  await open(session);
  await page.getByText("Nothing was said yet").waitFor();
  const asked = held();
  await page.route("**/graphql", async (route) => {
    if (isStore(route.request())) await asked.released;
    await route.continue();
  });
  await say("Mine");
  await page.locator(".message[data-draft]", { hasText: "Mine" }).waitFor();
  await api.store(session, [{ role: "ASSISTANT", content: "Theirs" }]);
  await messages().filter({ hasText: "Theirs" }).waitFor();
  asked.release();
  await page.locator(STORED, { hasText: "Mine" }).waitFor();
  assert.deepEqual(await page.locator(".message .text").allTextContents(), ["Theirs", "Mine"]);
  await page.unrouteAll({ behavior: "wait" });
});

test("a message whose answer is lost is sent again, and stored once", async () => {
  const session = await api.createSession("Lost answer");
  const other = await newPage({ faults: true });
  await open(session, "conversation", other);
  await other.getByText("Nothing was said yet").waitFor();
  let lost = 0;
  await other.route("**/graphql", async (route) => {
    if (!isStore(route.request()) || lost > 0) return route.continue();
    lost += 1;
    await route.fetch(); // it reaches the server
    await route.abort();
  });
  const answered = other.waitForResponse((response) => isStore(response.request()));
  await say("Once", other);
  await answered;
  await other.locator(STORED, { hasText: "Once" }).waitFor();
  assert.deepEqual(
    (await stored(session)).map(({ text }) => text),
    ["Once"],
  );
  assert.equal(await messages(other).count(), 1);
  await other.context().close();
});

test("a message that cannot be sent is kept while one looks elsewhere, and sent again under its key", async () => {
  const session = await api.createSession("Kept");
  const other = await newPage({ faults: true });
  await open(session, "conversation", other);
  await other.getByText("Nothing was said yet").waitFor();
  const keys = new Set();
  let down = true;
  await other.route("**/graphql", async (route) => {
    if (!isStore(route.request())) return route.continue();
    keys.add(route.request().postDataJSON().variables.input.idempotencyKey);
    await (down ? route.abort() : route.continue());
  });
  await say("Not yet", other);
  await other.getByRole("alert").filter({ hasText: "The server cannot be reached." }).waitFor();
  await other.getByRole("link", { name: "Files" }).click();
  await other.getByText("No files yet").waitFor();
  await other.getByRole("link", { name: "Conversation" }).click();
  down = false;
  await other.getByRole("button", { name: "Send again" }).click();
  await other.locator(STORED, { hasText: "Not yet" }).waitFor();
  assert.equal(keys.size, 1);
  assert.equal(await messages(other).count(), 1);
  await other.context().close();
});

test("what is stored while the socket is away is there, once, when it is back", async () => {
  const session = await api.createSession("A break");
  await api.store(session, [{ role: "USER", content: "Before" }]);
  const other = await newPage({ faults: true });
  const sockets = [];
  let away = false;
  await other.routeWebSocket(/graphql/, (socket) => {
    if (away) return void socket.close({ code: 1012 });
    sockets.push(socket);
    socket.connectToServer();
  });
  await open(session, "conversation", other);
  await messages(other).filter({ hasText: "Before" }).waitFor();
  away = true;
  for (const socket of sockets) await socket.close({ code: 1012 });
  await other.locator(".live[data-connected='false']").waitFor();
  await api.store(session, [{ role: "ASSISTANT", content: "Meanwhile" }]);
  await api.createSession("Made meanwhile");
  away = false;
  await messages(other).filter({ hasText: "Meanwhile" }).waitFor();
  await other.locator(".sessions a", { hasText: "Made meanwhile" }).waitFor();
  assert.deepEqual(await other.locator(".message .text").allTextContents(), ["Before", "Meanwhile"]);
  await other.context().close();
});

test("a conversation of 120 messages is read upwards to its first, and the reader's place is kept", async () => {
  const session = await api.createSession("Long");
  const texts = Array.from({ length: 120 }, (_, place) => `Message ${place + 1}.`);
  for (const half of [texts.slice(0, 60), texts.slice(60)])
    await api.store(
      session,
      half.map((content) => ({ role: "USER", content })),
    );
  await open(session);
  const scroller = page.locator(".scroller");
  await becomes(() => messages().count(), 30);
  const distance = () => scroller.evaluate((one) => one.scrollHeight - one.scrollTop - one.clientHeight);
  await becomes(async () => (await distance()) < 2, true);
  for (const size of [60, 90, 120]) {
    const first = `Message ${120 - size + 31}.`;
    const top = (text) =>
      scroller.evaluate(
        (one, text) =>
          [...one.querySelectorAll(".message")].find((m) => m.textContent.includes(text)).getBoundingClientRect().top,
        text,
      );
    await scroller.evaluate((one) => one.scrollTo(0, 0));
    const before = await top(first);
    await becomes(() => messages().count(), size);
    assert.ok(Math.abs((await top(first)) - before) < 2);
  }
  assert.deepEqual(await page.locator(".message .text").allTextContents(), texts);
  assert.equal(await page.getByRole("button", { name: "Earlier messages" }).count(), 0);
});

test("who reads further up stays there when a message comes, and is a press away from it", async () => {
  const scroller = page.locator(".scroller");
  await scroller.evaluate((one) => one.scrollTo(0, 200));
  await page.getByRole("button", { name: "Newest" }).waitFor();
  await api.store(openedSession(), [{ role: "ASSISTANT", content: "Far below" }]);
  await messages().filter({ hasText: "Far below" }).waitFor({ state: "attached" });
  assert.equal(await scroller.evaluate((one) => one.scrollTop), 200);
  await page.getByRole("button", { name: "Newest" }).click();
  await becomes(() => scroller.evaluate((one) => one.scrollHeight - one.scrollTop - one.clientHeight < 2), true);
});
