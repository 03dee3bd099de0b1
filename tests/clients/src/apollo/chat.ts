import { type ApolloCache, type ApolloClient, CombinedGraphQLErrors } from "@apollo/client";

import { type Edge, draft, withMessage } from "../conversation";
import { Conversation, DeleteSession, MessageStored, StoreMessage } from "../documents";

/** Show the message at once, and store it. */
export function send(client: ApolloClient, session: string, text: string, idempotencyKey = crypto.randomUUID()) {
  return client.mutate({
    mutation: StoreMessage,
    variables: { input: { sessionId: session, message: { chat: { role: "USER", content: text } }, idempotencyKey } },
    optimisticResponse: {
      __typename: "Mutation",
      storeMessage: {
        __typename: "StoreMessagePayload",
        messageEdge: draft(text, idempotencyKey),
        replayed: false,
        errors: [],
      },
    },
    update: (cache, { data }) => append(cache, session, data?.storeMessage?.messageEdge),
  });
}

/** Put what others store, and this client's own messages, into the conversation as they come. */
export function followMessages(client: ApolloClient, session: string, resumeCursor: string) {
  return client
    .subscribe({ query: MessageStored, variables: { session, after: resumeCursor } })
    .subscribe(({ data }) => append(client.cache, session, data?.messageStored.messageEdge));
}

function append(cache: ApolloCache, session: string, edge: Edge | null | undefined): void {
  if (!edge) return;
  cache.updateQuery(
    { query: Conversation, variables: { session, last: 20 } },
    (read) => read && withMessage(read, edge),
  );
}

/** Delete the session, and take it out of every list that shows it. */
export function remove(client: ApolloClient, session: string) {
  return client.mutate({
    mutation: DeleteSession,
    variables: { input: { id: session } },
    update(cache, { data }) {
      const id = data?.deleteSession?.deletedSessionId;
      if (id) cache.evict({ id: cache.identify({ __typename: "Session", id }) ?? "" });
      cache.gc();
    },
  });
}

/** What went wrong, for programs: `BAD_USER_INPUT`, `NOT_FOUND`, `RATE_LIMITED` …; null: no answer came. */
export function codeOf(error: unknown): string | null {
  return CombinedGraphQLErrors.is(error) ? String(error.errors[0]?.extensions?.code) : null;
}
