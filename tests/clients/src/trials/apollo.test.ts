import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";

import { type ApolloClient, gql } from "@apollo/client";
import { buildSchema, isAbstractType } from "graphql";

import { possibleTypes } from "../apollo/cache";
import { codeOf, draftsOf, followMessages, remove } from "../apollo/chat";
import { createApolloClient } from "../apollo/client";
import { Conversation, Sessions } from "../documents";
import type { ConversationQuery } from "../generated/graphql";
import type { Refused } from "../drafts";
import { watchChat } from "./chat";
import { CreateSession, Encoding } from "./documents";
import { createSession, cuttable, holding, someone, storeMessages, until, url, waysOf } from "./server";

const USER = someone("apollo");

function open(trial: TestContext, fetch: typeof globalThis.fetch = globalThis.fetch, host?: string) {
  const ways = waysOf(USER, host);
  const client = createApolloClient({ ...ways, fetch });
  trial.after(() => {
    client.stop();
    return ways.socket.dispose();
  });
  return { client, socket: ways.socket };
}

/** What a chat shows. */
function watch(client: ApolloClient, session: string) {
  const query = client.watchQuery({ query: Conversation, variables: { session, last: 20 } });
  const drafts = draftsOf(client, session);
  const chat = watchChat(drafts, (show) => query.subscribe(({ data }) => show(data as ConversationQuery | undefined)));
  return { ...chat, follow: () => followMessages(client, session, chat.cursor()) };
}

test("the possible types of the cache are those of the schema", () => {
  const schema = buildSchema(readFileSync("../../schema.graphql", "utf8"));
  const real = Object.values(schema.getTypeMap())
    .filter((type) => isAbstractType(type) && !type.name.startsWith("__"))
    .map((type) => [type.name, schema.getPossibleTypes(type as never).map(({ name }) => name).sort()]);
  assert.deepEqual(possibleTypes, Object.fromEntries(real));
});

test("lists grow page by page, and what is deleted leaves them", async (trial) => {
  const { client } = open(trial);
  const titles = ["one", "two", "three"];
  for (const title of titles) await client.mutate({ mutation: CreateSession, variables: { input: { title } } });
  const list = client.watchQuery({ query: Sessions, variables: { first: 2 } });
  list.subscribe(() => {});
  const read = () => list.getCurrentResult().data?.viewer?.sessions?.edges?.map((edge) => edge?.node?.title);
  await until(() => read()?.length === 2, "the first page");
  const { endCursor } = list.getCurrentResult().data!.viewer!.sessions!.pageInfo as { endCursor: string };
  await list.fetchMore({ variables: { after: endCursor } });
  await until(() => read()?.length === 3, "the second page");
  assert.deepEqual(read(), ["three", "two", "one"]);
  await remove(client, String(list.getCurrentResult().data?.viewer?.sessions?.edges?.[1]?.node?.id));
  await until(() => read()?.length === 2, "the list without the session");
  assert.deepEqual(read(), ["three", "one"]);
});

test("older messages come before newer ones, and an edited view is a list of its own", async (trial) => {
  const session = await createSession(USER, "pages");
  await storeMessages(USER, session, "1", "2", "3", "4", "5");
  const { client } = open(trial);
  const query = client.watchQuery({ query: Conversation, variables: { session, last: 2 } });
  query.subscribe(() => {});
  const read = () => query.getCurrentResult().data?.session?.messages?.edges?.map((edge) => edge?.node?.text);
  await until(() => read()?.length === 2, "the newest page");
  for (const wanted of [["2", "3", "4", "5"], ["1", "2", "3", "4", "5"]]) {
    const { startCursor } = query.getCurrentResult().data!.session!.messages!.pageInfo as { startCursor: string };
    await query.fetchMore({ variables: { before: startCursor } });
    await until(() => read()?.length === wanted.length, "an older page");
    assert.deepEqual(read(), wanted);
  }
  const edits = { middleOut: { tokenReduceTo: 4 } };
  const edited = await client.query({ query: Conversation, variables: { session, last: 20, edits } });
  assert.ok(edited.data!.session!.messages!.edges.length < 5);
  assert.deepEqual(read(), ["1", "2", "3", "4", "5"]);
});

test("sessions are kept by their id, and their token counts are put together", async (trial) => {
  const session = await createSession(USER, "tokens");
  await storeMessages(USER, session, "hello");
  const { client } = open(trial);
  await client.query({ query: Conversation, variables: { session, last: 20 } });
  await client.query({ query: Encoding, variables: { session } });
  const kept = client.cache.extract() as Record<string, { tokenCounts?: object }>;
  assert.deepEqual(kept[`Session:${session}`]?.tokenCounts, {
    __typename: "TokenCounts",
    total: 2,
    encoding: "o200k_base",
  });
});

test("a message that is sent is shown at once, and once, though its live event comes before the answer", async (trial) => {
  const session = await createSession(USER, "sent");
  const held = holding("answer");
  const { client } = open(trial, held.fetch);
  const chat = watch(client, session);
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
});

test("messages of others are seen while one's own waits to be stored", async (trial) => {
  const session = await createSession(USER, "waiting");
  const held = holding("request");
  const { client } = open(trial, held.fetch);
  const chat = watch(client, session);
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
});

test("a message whose event comes late takes its place in the order of the store", async (trial) => {
  const session = await createSession(USER, "late");
  const { client } = open(trial);
  const chat = watch(client, session);
  await until(() => chat.shown.length > 0, "the empty conversation");
  await storeMessages(USER, session, "theirs");
  await chat.drafts.send("mine");
  await until(() => chat.now().join() === "mine", "the answer");
  chat.follow();
  await until(() => chat.now().includes("theirs"), "the event");
  assert.deepEqual(chat.now(), ["theirs", "mine"]);
});

test("a write whose answer was lost is sent again, and done once", async (trial) => {
  const session = await createSession(USER, "lost");
  const replayed: boolean[] = [];
  const { client } = open(trial, async (input, init) => {
    const answer = await fetch(input, init);
    const { data } = (await answer.clone().json()) as { data?: { storeMessage?: { replayed: boolean } } };
    if (data?.storeMessage && replayed.push(data.storeMessage.replayed) === 1) throw new TypeError("the connection was lost");
    return answer;
  });
  const drafts = draftsOf(client, session);
  await drafts.send("only once");
  assert.deepEqual(replayed, [false, true]);
  assert.deepEqual(drafts.read(), []);
  const read = await client.query({ query: Conversation, variables: { session, last: 20 } });
  assert.deepEqual(read.data?.session?.messages?.edges.map(({ node }) => node.text), ["only once"]);
});

test("a connection that drops misses no message and brings none twice", async (trial) => {
  const session = await createSession(USER, "dropped");
  const between = await cuttable();
  trial.after(() => between.close());
  const { client, socket } = open(trial, fetch, between.host);
  const chat = watch(client, session);
  await until(() => chat.shown.length > 0, "the empty conversation");
  const arrived: unknown[] = [];
  socket.on("message", (message) => message.type === "next" && arrived.push(message.payload.data));
  chat.follow();
  await storeMessages(USER, session, "1");
  await until(() => chat.now().includes("1"), "the first message");
  for (const [before, missed, after] of [["2", "3", "4"], ["5", "6", "7"]] as const) {
    await storeMessages(USER, session, before);
    await until(() => chat.now().includes(before), "a message before the break");
    between.cut();
    await storeMessages(USER, session, missed);
    between.mend();
    await storeMessages(USER, session, after);
    await until(() => chat.now().includes(after), "a message after the break");
  }
  assert.deepEqual(chat.now(), ["1", "2", "3", "4", "5", "6", "7"]);
  chat.neverTwice();
  assert.equal(arrived.length, 7);
  assert.equal(between.passed(), 3);
});

test("errors are told apart by their code", async (trial) => {
  const { client } = open(trial);
  const refused = await client
    .query({ query: Conversation, variables: { session: "no id", last: 20 } })
    .catch((error: unknown) => error);
  assert.equal(codeOf(refused), "BAD_USER_INPUT");
  const away = open(trial, () => Promise.reject(new TypeError("away")));
  const unkeyed = { mutation: CreateSession, variables: { input: {} } };
  const unanswered = await away.client.mutate(unkeyed).catch((error: unknown) => error);
  assert.equal(codeOf(unanswered), null);
  const drafts = draftsOf(client, "b6ad1a5e-9f2b-4b76-8a8f-0c3c0a9e3d11");
  await drafts.send("to nobody");
  const failure = drafts.read()[0]?.failure as Refused;
  assert.deepEqual(failure.errors.map(({ code, path }) => [code, path]), [["NOT_FOUND", ["input", "sessionId"]]]);
});

test("documents are sent once, and named by their hash from then on", async (trial) => {
  const bodies: Record<string, unknown>[] = [];
  const { client } = open(trial, (input, init) => {
    bodies.push(JSON.parse(String(init?.body)) as Record<string, unknown>);
    return fetch(input, init);
  });
  const fresh = gql`query Fresh { viewer { id fresh_${crypto.randomUUID().replaceAll("-", "")}: identifier } }`;
  for (const _ of [1, 2]) await client.query({ query: fresh, fetchPolicy: "network-only" });
  assert.deepEqual(bodies.map((body) => "query" in body), [false, true, false]);
});
