import { type ApolloCache, type ApolloClient, CombinedGraphQLErrors } from "@apollo/client";

import { type Edge, withMessage } from "../conversation";
import { Conversation, DeleteSession, MessageStored, StoreMessage } from "../documents";
import { createDrafts } from "../drafts";

/** The messages that are sent here, each put into the conversation when it is stored. */
export function draftsOf(client: ApolloClient, session: string) {
  return createDrafts(session, async (input) => {
    const { data } = await client.mutate({
      mutation: StoreMessage,
      variables: { input },
      update: (cache, { data }) => append(cache, session, data?.storeMessage?.messageEdge),
    });
    return data?.storeMessage;
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
