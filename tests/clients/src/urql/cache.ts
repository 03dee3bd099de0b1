import { type Cache, cacheExchange } from "@urql/exchange-graphcache";
import { relayPagination } from "@urql/exchange-graphcache/extras";

import { type Edge, withMessage } from "../conversation";
import { Conversation } from "../documents";
import schema from "../generated/introspection.json";
import type {
  DeleteSessionMutation,
  MessageStoredSubscription,
  StoreMessageMutationVariables,
  StoreMessageMutation,
} from "../generated/graphql";

const embedded = () => null;

export const cache = cacheExchange({
  schema,
  keys: {
    Directory: embedded,
    EditReport: embedded,
    FormatWarning: embedded,
    FormattedMessages: embedded,
    SignedUrl: embedded,
    TokenCounts: embedded,
  },
  resolvers: {
    Query: { sessions: relayPagination() },
    User: { sessions: relayPagination() },
    Session: { messages: relayPagination(), files: relayPagination() },
    Disk: { files: relayPagination() },
    Directory: { files: relayPagination() },
  },
  updates: {
    Mutation: {
      storeMessage: ({ storeMessage }: StoreMessageMutation, { input }: StoreMessageMutationVariables, cache) =>
        append(cache, input.sessionId, storeMessage?.messageEdge),
      deleteSession({ deleteSession }: DeleteSessionMutation, _, cache) {
        const id = deleteSession?.deletedSessionId;
        if (id) cache.invalidate({ __typename: "Session", id });
      },
    },
    Subscription: {
      messageStored: ({ messageStored }: MessageStoredSubscription, { sessionId }, cache) =>
        append(cache, String(sessionId), messageStored.messageEdge),
    },
  },
});

function append(cache: Cache, session: string, edge: Edge | null | undefined): void {
  if (!edge) return;
  cache.updateQuery(
    { query: Conversation, variables: { session, last: 20 } },
    (read) => read && withMessage(read, edge),
  );
}
