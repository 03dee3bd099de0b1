/** Of a server that runs nothing but what is in the manifest that codegen wrote. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { createTrustedClient } from "../apollo/trusted";
import { Conversation, MessageStored, Sessions, StoreMessage } from "../documents";
import { CreateSession } from "./documents";
import { someone, until, url, waysOf } from "./server";

test("documents of codegen's manifest are run by their id alone, and no others", async (trial) => {
  const { headers, socket } = waysOf(someone("trusted"));
  const client = createTrustedClient(url, headers, socket);
  trial.after(() => {
    client.stop();
    return socket.dispose();
  });
  const { data: made } = await client.mutate({ mutation: CreateSession, variables: { input: { title: "by its id" } } });
  const session = String(made?.createSession?.sessionEdge?.node.id);
  const { data: read } = await client.query({ query: Conversation, variables: { session, last: 20 } });
  const texts: string[] = [];
  client
    .subscribe({ query: MessageStored, variables: { session, after: read!.session!.messages!.resumeCursor } })
    .subscribe(({ data }) => texts.push(String(data?.messageStored.messageEdge.node.text)));
  const message = { chat: { role: "USER", content: "told" } } as const;
  await client.mutate({ mutation: StoreMessage, variables: { input: { sessionId: session, message } } });
  await until(() => texts.includes("told"), "the live event");
  const withoutText = new Promise((next, error) =>
    socket.subscribe({ documentId: "any" } as never, { next, error, complete: () => next("completed") }),
  );
  await assert.rejects(withoutText, /'query' property/);
  const { data } = await client.query({ query: Sessions, variables: { first: 1 } });
  assert.equal(data?.viewer.sessions?.edges[0]?.node.title, "by its id");

  const answer = await fetch(url, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify({ query: "{ viewer { id } }" }),
  });
  const { errors } = (await answer.json()) as { errors: { extensions: { code: string } }[] };
  assert.equal(errors[0]?.extensions.code, "QUERY_NOT_IN_SAFELIST");
});
