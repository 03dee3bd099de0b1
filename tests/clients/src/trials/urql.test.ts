import assert from "node:assert/strict";
import { type TestContext, mock, test } from "node:test";

import type { Client, DocumentInput } from "@urql/core";

import { Conversation, DeleteSession, MessageStored, Sessions, StoreMessage } from "../documents";
import type { MessageInput } from "../generated/graphql";
import { createUrqlClient } from "../urql/client";
import { Encoding, Parts, UploadFile } from "./documents";
import { ask, createSession, cuttable, someone, storeMessages, until, waysOf } from "./server";

const USER = someone("urql");

/** Give a client; Graphcache may warn of nothing until the trial is over. */
function open(trial: TestContext, host?: string, fetch = globalThis.fetch) {
  const warned = [mock.method(console, "warn", () => {}), mock.method(console, "error", () => {})];
  const ways = waysOf(USER, host);
  trial.after(async () => {
    await ways.socket.dispose();
    mock.restoreAll();
  });
  const quiet = () => assert.deepEqual(warned.flatMap(({ mock }) => mock.calls.map(({ arguments: [said] }) => said)), []);
  return { client: createUrqlClient({ ...ways, fetch }), quiet };
}

function watch<Data, Variables extends object>(client: Client, document: DocumentInput<Data, Variables>, variables: Variables) {
  const seen: { last?: Data | undefined } = {};
  client.query(document as never, variables as never).subscribe(({ data }) => (seen.last = data as Data));
  return seen;
}

function watchConversation(client: Client, session: string) {
  const shown: string[][] = [];
  const seen: { cursor?: string } = {};
  client.query(Conversation, { session, last: 20 }).subscribe(({ data }) => {
    const messages = data?.session?.messages;
    if (!messages) return;
    shown.push(messages.edges.map(({ node }) => node.text));
    seen.cursor ??= messages.resumeCursor;
  });
  return { shown, seen, now: () => shown.at(-1) ?? [] };
}

function neverTwice(shown: string[][]): void {
  for (const texts of shown) assert.equal(new Set(texts).size, texts.length, texts.join());
}

test("lists grow page by page, and what is deleted leaves them", async (trial) => {
  const { client, quiet } = open(trial);
  for (const title of ["one", "two", "three"]) await createSession(USER, title);
  const view = watch(client, Sessions, { first: 2 });
  const titles = () => view.last?.viewer.sessions?.edges.map(({ node }) => node.title);
  await until(() => titles()?.length === 2, "the first page");
  await client.query(Sessions, { first: 2, after: view.last!.viewer.sessions!.pageInfo.endCursor });
  await until(() => titles()?.length === 3, "the second page");
  assert.deepEqual(titles(), ["three", "two", "one"]);
  await client.mutation(DeleteSession, { input: { id: view.last!.viewer.sessions!.edges[1]!.node.id } });
  await until(() => titles()?.join() === "three,one", "the list without the session");
  quiet();
});

test("older messages come before newer ones, and an edited view is a list of its own", async (trial) => {
  const { client, quiet } = open(trial);
  const session = await createSession(USER, "pages");
  await storeMessages(USER, session, "1", "2", "3", "4", "5");
  const view = watch(client, Conversation, { session, last: 2 });
  const texts = () => view.last?.session?.messages?.edges.map(({ node }) => node.text).join("");
  await until(() => texts() === "45", "the newest page");
  for (const wanted of ["2345", "12345"]) {
    const before = view.last!.session!.messages!.pageInfo.startCursor;
    await client.query(Conversation, { session, last: 2, before });
    await until(() => texts() === wanted, wanted);
  }
  const edits = [{ middleOut: { tokenReduceTo: 4 } }];
  const { data } = await client.query(Conversation, { session, last: 20, edits });
  assert.ok(data!.session!.messages!.edges.length < 5);
  assert.equal(texts(), "12345");
  quiet();
});

test("all kinds of what has no id are kept within what has one", async (trial) => {
  const { client, quiet } = open(trial);
  const session = await createSession(USER, "parts");
  const toolCalls = [{ callId: "c1", name: "look", arguments: { at: "map" } }];
  const message: MessageInput = { chat: { role: "ASSISTANT", content: "Looking.", toolCalls } };
  await ask(USER, StoreMessage, { input: { sessionId: session, message } });
  await ask(USER, UploadFile, { input: { sessionId: session, path: "/maps/sea.txt", content: { text: "blue" } } });
  await ask(USER, UploadFile, { input: { sessionId: session, path: "/readme.txt", content: { text: "read" } } });
  const { data, error } = await client.query(Parts, { session });
  assert.equal(error, undefined);
  assert.deepEqual(data?.session?.files?.directories.map(({ path }) => path), ["/maps/"]);
  assert.equal(typeof data?.session?.files?.edges[0]?.node.publicUrl?.url, "string");
  assert.deepEqual(data?.session?.messages?.formatted?.warnings.map(({ code }) => code), ["CALL_WITHOUT_RESULT"]);
  await client.query(Conversation, { session, last: 20 });
  await client.query(Encoding, { session });
  quiet();
});

test("a message that is sent is shown at once, and once, though its live event comes before the answer", async (trial) => {
  const session = await createSession(USER, "optimistic");
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  const { client, quiet } = open(trial, undefined, async (input, init) => {
    const answer = await fetch(input, init);
    if (String(init?.body).includes('"StoreMessage"')) await held;
    return answer;
  });
  const view = watchConversation(client, session);
  await until(() => view.shown.length > 0, "the empty conversation");
  let events = 0;
  client.subscription(MessageStored, { session, after: view.seen.cursor! }).subscribe(() => (events += 1));
  const input = { sessionId: session, message: { chat: { role: "USER", content: "hello" } }, idempotencyKey: "1" } as const;
  const sent = client.mutation(StoreMessage, { input }).toPromise();
  await until(() => view.now().includes("hello"), "the draft");
  await until(() => events === 1, "the live event");
  release();
  assert.deepEqual((await sent).data?.storeMessage?.errors, []);
  await storeMessages(USER, session, "and more");
  await until(() => view.now().includes("and more"), "what another stored");
  assert.deepEqual(view.now(), ["hello", "and more"]);
  neverTwice(view.shown);
  quiet();
});

test("a connection that drops misses no message and brings none twice", async (trial) => {
  const between = await cuttable();
  trial.after(() => between.close());
  const { client, quiet } = open(trial, between.host);
  const session = await createSession(USER, "dropped");
  const view = watchConversation(client, session);
  await until(() => view.shown.length > 0, "the empty conversation");
  let events = 0;
  client.subscription(MessageStored, { session, after: view.seen.cursor! }).subscribe(() => (events += 1));
  await storeMessages(USER, session, "1");
  await until(() => view.now().includes("1"), "the first message");
  between.cut();
  await storeMessages(USER, session, "2");
  between.mend();
  await storeMessages(USER, session, "3");
  await until(() => view.now().includes("3"), "what came after the break");
  assert.deepEqual([view.now(), events], [["1", "2", "3"], 3]);
  neverTwice(view.shown);
  quiet();
});

test("errors are told apart by their code", async (trial) => {
  const { client, quiet } = open(trial);
  const { error } = await client.query(Encoding, { session: "no id" });
  assert.equal(error?.graphQLErrors[0]?.extensions.code, "BAD_USER_INPUT");
  quiet();
});
