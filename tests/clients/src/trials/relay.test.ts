import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";

import {
  type Environment,
  type GraphQLTaggedNode,
  type MutationParameters,
  type OperationType,
  type ReaderFragment,
  type Variables,
  commitMutation,
  createOperationDescriptor,
  fetchQuery,
  getFragment,
  getPaginationMetadata,
  getPaginationVariables,
  getRequest,
  getSelector,
  requestSubscription,
} from "relay-runtime";

import { createRelayEnvironment } from "../relay/environment";
import * as Messages from "../relay/Messages";
import * as Sessions from "../relay/Sessions";
import type { MessagesQuery } from "../relay/generated/MessagesQuery.graphql";
import type { MessagesStoreMutation } from "../relay/generated/MessagesStoreMutation.graphql";
import type { SessionsCreateMutation } from "../relay/generated/SessionsCreateMutation.graphql";
import type { SessionsDeleteMutation } from "../relay/generated/SessionsDeleteMutation.graphql";
import type { SessionsQuery } from "../relay/generated/SessionsQuery.graphql";
import { createSession, cuttable, someone, storeMessages, until, waysOf } from "./server";

const USER = someone("relay");

function open(trial: TestContext, host?: string): Environment {
  const ways = waysOf(USER, host);
  trial.after(() => ways.socket.dispose());
  return createRelayEnvironment(ways);
}

/** Fetch an operation and keep what it brought, as a screen does. */
async function load<Query extends OperationType>(environment: Environment, query: GraphQLTaggedNode, variables: Query["variables"]) {
  const data = await fetchQuery<Query>(environment, query, variables).toPromise();
  environment.retain(createOperationDescriptor(getRequest(query), variables));
  return data as Query["response"];
}

/** The list of a pagination container: what `usePaginationFragment` reads and how it loads more. */
function list<Node>(environment: Environment, tagged: GraphQLTaggedNode, owner: unknown, field: string) {
  const fragment: ReaderFragment = getFragment(tagged);
  const selector = getSelector(fragment, owner as never)!;
  assert.equal(selector.kind, "SingularReaderSelector");
  if (selector.kind !== "SingularReaderSelector") throw new Error("a list of owners");
  const metadata = getPaginationMetadata(fragment, "list");
  type Connection = {
    __id: string;
    edges: { node: Node }[];
    resumeCursor?: string;
    pageInfo: { endCursor: string; hasNextPage: boolean };
  };
  const read = () => (environment.lookup(selector).data as Record<string, Connection>)[field]!;
  return {
    read,
    nodes: () => read().edges.map(({ node }) => node),
    async loadNext(count: number) {
      const variables: Variables = getPaginationVariables(
        "forward",
        count,
        read().pageInfo.endCursor,
        { ...selector.owner.variables, ...selector.variables },
        {},
        metadata.paginationMetadata,
      );
      const { id } = environment.lookup(selector).data as unknown as { id: string };
      await load(environment, metadata.paginationRequest, { ...variables, id });
    },
  };
}

function commit<Mutation extends MutationParameters>(environment: Environment, mutation: GraphQLTaggedNode, variables: Mutation["variables"]) {
  return new Promise<Mutation["response"]>((resolve, reject) =>
    commitMutation<Mutation>(environment, { mutation, variables, onCompleted: resolve, onError: reject }),
  );
}

type Titled = { id: string; title: string };
type Written = { id: string; text: string };

test("sessions are loaded page by page; new ones come first, and deleted ones go", async (trial) => {
  for (const title of ["one", "two", "three"]) await createSession(USER, title);
  const environment = open(trial);
  const { viewer } = await load<SessionsQuery>(environment, Sessions.query, { first: 2 });
  const sessions = list<Titled>(environment, Sessions.sessions, viewer, "sessions");
  const titles = () => sessions.nodes().map(({ title }) => title);
  assert.deepEqual(titles(), ["three", "two"]);
  await sessions.loadNext(2);
  assert.deepEqual(titles(), ["three", "two", "one"]);

  const connections = [sessions.read().__id];
  await commit<SessionsCreateMutation>(environment, Sessions.createSession, { input: { title: "four" }, connections });
  assert.deepEqual(titles(), ["four", "three", "two", "one"]);

  const { id } = sessions.nodes()[1]!;
  const { deleteSession } = await commit<SessionsDeleteMutation>(environment, Sessions.deleteSession, {
    input: { id },
    connections,
  });
  assert.equal(deleteSession?.deletedSessionId, id);
  assert.deepEqual(titles(), ["four", "two", "one"]);
  assert.equal(environment.getStore().getSource().get(id), null);
});

test("messages are loaded page by page; stored ones come last, once with their live event", async (trial) => {
  const session = await createSession(USER, "messages");
  await storeMessages(USER, session, "1", "2", "3");
  const between = await cuttable();
  trial.after(() => between.close());
  const environment = open(trial, between.host);
  const data = await load<MessagesQuery>(environment, Messages.query, { session, first: 2 });
  const messages = list<Written>(environment, Messages.messages, data.session, "messages");
  const texts = () => messages.nodes().map(({ text }) => text);
  assert.deepEqual(texts(), ["1", "2"]);
  await messages.loadNext(2);
  assert.deepEqual(texts(), ["1", "2", "3"]);

  const connections = [messages.read().__id];
  let events = 0;
  requestSubscription(environment, {
    subscription: Messages.messageStored,
    variables: { session, after: messages.read().resumeCursor, connections },
    onNext: () => (events += 1),
  });
  const input = { sessionId: session, message: { chat: { role: "USER", content: "4" } } } as const;
  await commit<MessagesStoreMutation>(environment, Messages.storeMessage, { input, connections });
  await until(() => events === 1, "the live event");
  assert.deepEqual(texts(), ["1", "2", "3", "4"]);

  between.cut();
  await storeMessages(USER, session, "5");
  between.mend();
  await storeMessages(USER, session, "6");
  await until(() => texts().includes("6"), "what came after the break");
  assert.deepEqual([texts(), events], [["1", "2", "3", "4", "5", "6"], 3]);
});
