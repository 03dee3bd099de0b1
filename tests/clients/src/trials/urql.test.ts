import assert from "node:assert/strict";
import { type TestContext, mock, test } from "node:test";

import type { Client, DocumentInput } from "@urql/core";

import { Conversation, DeleteSession, MessageStored, Sessions, StoreMessage } from "../documents";
import type { MessageInput } from "../generated/graphql";
import { draftsOf } from "../urql/chat";
import { createUrqlClient } from "../urql/client";
import { watchChat } from "./chat";
import { Encoding, Parts, UploadFile } from "./documents";
import { ask, createSession, cuttable, holding, someone, storeMessages, until, waysOf } from "./server";

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

/** What a chat shows, and how many events came. */
function watchConversation(client: Client, session: string) {
  const query = client.query(Conversation, { session, last: 20 });
  const chat = watchChat(draftsOf(client, session), (show) => query.subscribe(({ data }) => show(data)));
  const seen = { events: 0 };
  return {
    ...chat,
    seen,
    follow: () =>
      client.subscription(MessageStored, { session, after: chat.cursor() }).subscribe(() => (seen.events += 1)),
  };
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
  assert.equal(data?.session?.blanked?.edits?.changedIds.length, 1);
  await client.query(Conversation, { session, last: 20 });
  await client.query(Encoding, { session });
  quiet();
});

test("a message that is sent is shown at once, and once, though its live event comes before the answer", async (trial) => {
  const session = await createSession(USER, "sent");
  const held = holding("answer");
  const { client, quiet } = open(trial, undefined, held.fetch);
  const chat = watchConversation(client, session);
  await until(() => chat.shown.length > 0, "the empty conversation");
  chat.follow();
  const sent = chat.drafts.send("hello");
  assert.deepEqual(chat.now(), ["hello …"]);
  await until(() => chat.now().includes("hello"), "the live event");
  held.release();
  await sent;
  assert.deepEqual(chat.drafts.read(), []);
  await storeMessages(USER, session, "and more");
  await until(() => chat.now().includes("and more"), "what another stored");
  assert.deepEqual(chat.now(), ["hello", "and more"]);
  chat.neverTwice();
  chat.neverLost();
  quiet();
});

test("messages of others are seen while one's own waits to be stored", async (trial) => {
  const session = await createSession(USER, "waiting");
  const held = holding("request");
  const { client, quiet } = open(trial, undefined, held.fetch);
  const chat = watchConversation(client, session);
  await until(() => chat.shown.length > 0, "the empty conversation");
  chat.follow();
  const sent = chat.drafts.send("mine");
  await storeMessages(USER, session, "theirs");
  await until(() => chat.now().join() === "theirs,mine …", "what another stored, above the draft");
  held.release();
  await sent;
  await storeMessages(USER, session, "and more");
  await until(() => chat.now().includes("and more"), "what came after both");
  assert.deepEqual(chat.now(), ["theirs", "mine", "and more"]);
  chat.neverTwice();
  chat.neverLost();
  quiet();
});

test("a message whose event comes late takes its place in the order of the store", async (trial) => {
  const session = await createSession(USER, "late");
  const { client, quiet } = open(trial);
  const chat = watchConversation(client, session);
  await until(() => chat.shown.length > 0, "the empty conversation");
  await storeMessages(USER, session, "theirs");
  await chat.drafts.send("mine");
  await until(() => chat.now().join() === "mine", "the answer");
  chat.follow();
  await until(() => chat.now().includes("theirs"), "the event");
  assert.deepEqual(chat.now(), ["theirs", "mine"]);
  quiet();
});

test("a message whose answer was lost is kept, and sent again under its key it is stored once", async (trial) => {
  const session = await createSession(USER, "lost");
  let lost = 0;
  const { client, quiet } = open(trial, undefined, async (input, init) => {
    const answer = await fetch(input, init);
    if (String(init?.body).includes('"StoreMessage"') && !lost++) throw new TypeError("the connection was lost");
    return answer;
  });
  const chat = watchConversation(client, session);
  await until(() => chat.shown.length > 0, "the empty conversation");
  await chat.drafts.send("only once");
  assert.deepEqual(chat.now(), ["only once !"]);
  const [draft] = chat.drafts.read();
  await chat.drafts.send(draft!.text, draft!.key);
  await until(() => chat.now().join() === "only once", "the message");
  const { data } = await client.query(Conversation, { session, last: 20 }, { requestPolicy: "network-only" });
  assert.deepEqual(data?.session?.messages?.edges.map(({ node }) => node.text), ["only once"]);
  chat.neverTwice();
  chat.neverLost();
  quiet();
});

test("a connection that drops misses no message and brings none twice", async (trial) => {
  const between = await cuttable();
  trial.after(() => between.close());
  const { client, quiet } = open(trial, between.host);
  const session = await createSession(USER, "dropped");
  const chat = watchConversation(client, session);
  await until(() => chat.shown.length > 0, "the empty conversation");
  chat.follow();
  await storeMessages(USER, session, "1");
  await until(() => chat.now().includes("1"), "the first message");
  between.cut();
  await storeMessages(USER, session, "2");
  between.mend();
  await storeMessages(USER, session, "3");
  await until(() => chat.now().includes("3"), "what came after the break");
  assert.deepEqual([chat.now(), chat.seen.events], [["1", "2", "3"], 3]);
  chat.neverTwice();
  quiet();
});

test("errors are told apart by their code", async (trial) => {
  const { client, quiet } = open(trial);
  const { error } = await client.query(Encoding, { session: "no id" });
  assert.equal(error?.graphQLErrors[0]?.extensions.code, "BAD_USER_INPUT");
  quiet();
});
