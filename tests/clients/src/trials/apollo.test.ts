import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";

import { type ApolloClient, gql } from "@apollo/client";
import { buildSchema, isAbstractType } from "graphql";

import { possibleTypes } from "../apollo/cache";
import { codeOf, followMessages, remove, send } from "../apollo/chat";
import { createApolloClient } from "../apollo/client";
import { Conversation, Sessions } from "../documents";
import { CreateSession, Encoding } from "./documents";
import { createSession, cuttable, someone, storeMessages, until, url, waysOf } from "./server";

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

/** What a list on the screen shows, each time that it changes. */
function watch(client: ApolloClient, session: string) {
  const shown: string[][] = [];
  const query = client.watchQuery({ query: Conversation, variables: { session, last: 20 } });
  query.subscribe(({ data }) => {
    const edges = data?.session?.messages?.edges;
    if (edges) shown.push(edges.map((edge) => String(edge?.node?.text)));
  });
  return { query, shown, now: () => shown.at(-1) ?? [] };
}

function neverTwice(shown: string[][]): void {
  for (const texts of shown) assert.equal(new Set(texts).size, texts.length, texts.join());
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
  const session = await createSession(USER, "optimistic");
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  const { client } = open(trial, async (input, init) => {
    const answer = await fetch(input, init);
    if ((await answer.clone().text()).includes('"storeMessage"')) await held;
    return answer;
  });
  const view = watch(client, session);
  await until(() => view.shown.length > 0, "the empty conversation");
  followMessages(client, session, view.query.getCurrentResult().data!.session!.messages!.resumeCursor!);
  const sent = send(client, session, "hello");
  await until(() => view.now().includes("hello"), "the draft");
  await until(() => stored(client, session) === 1, "the live event");
  release();
  await sent;
  await storeMessages(USER, session, "and more");
  await until(() => view.now().includes("and more"), "what another stored");
  assert.deepEqual(view.now(), ["hello", "and more"]);
  neverTwice(view.shown);
  assert.ok(!JSON.stringify(client.cache.extract()).includes("draft:"));
});

/** How many messages the cache holds without drafts. */
function stored(client: ApolloClient, session: string): number | undefined {
  const read = client.cache.readQuery({ query: Conversation, variables: { session, last: 20 } });
  return read?.session?.messages?.edges.length;
}

test("a write whose answer was lost is sent again, and done once", async (trial) => {
  const session = await createSession(USER, "lost");
  let lost = 0;
  const { client } = open(trial, async (input, init) => {
    const answer = await fetch(input, init);
    const { data } = (await answer.clone().json()) as { data?: { storeMessage?: object } };
    if (data?.storeMessage && !lost++) throw new TypeError("the connection was lost");
    return answer;
  });
  const { data } = await send(client, session, "only once");
  assert.equal(lost, 2);
  assert.equal(data?.storeMessage?.replayed, true);
  const read = await client.query({ query: Conversation, variables: { session, last: 20 } });
  assert.deepEqual(read.data?.session?.messages?.edges.map(({ node }) => node.text), ["only once"]);
});

test("a connection that drops misses no message and brings none twice", async (trial) => {
  const session = await createSession(USER, "dropped");
  const between = await cuttable();
  trial.after(() => between.close());
  const { client, socket } = open(trial, fetch, between.host);
  const view = watch(client, session);
  await until(() => view.shown.length > 0, "the empty conversation");
  const arrived: unknown[] = [];
  socket.on("message", (message) => message.type === "next" && arrived.push(message.payload.data));
  followMessages(client, session, view.query.getCurrentResult().data!.session!.messages!.resumeCursor!);
  await storeMessages(USER, session, "1");
  await until(() => view.now().includes("1"), "the first message");
  for (const [before, missed, after] of [["2", "3", "4"], ["5", "6", "7"]] as const) {
    await storeMessages(USER, session, before);
    await until(() => view.now().includes(before), "a message before the break");
    between.cut();
    await storeMessages(USER, session, missed);
    between.mend();
    await storeMessages(USER, session, after);
    await until(() => view.now().includes(after), "a message after the break");
  }
  assert.deepEqual(view.now(), ["1", "2", "3", "4", "5", "6", "7"]);
  neverTwice(view.shown);
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
  const { data } = await send(client, "b6ad1a5e-9f2b-4b76-8a8f-0c3c0a9e3d11", "to nobody");
  assert.deepEqual(data?.storeMessage?.errors.map(({ code, path }) => [code, path]), [["NOT_FOUND", ["input", "sessionId"]]]);
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
