// What becomes of a conversation in the cache: each message is in it once, whatever brings it and in which order.
import type { ApolloCache } from "@apollo/client";

import type { ConversationQuery } from "../generated/graphql";
import { Conversation } from "./documents";

type MessageEdge = NonNullable<NonNullable<ConversationQuery["session"]>["messages"]>["edges"][number];

/** The mutation's answer and the live event bring the same message; only an event knows where to go on from. */
export function addMessage(cache: ApolloCache, session: string, edge: MessageEdge, resumeCursor?: string): void {
  cache.updateQuery({ query: Conversation, variables: { session } }, (read) => {
    if (!read?.session?.messages) return read;
    const messages = { ...read.session.messages, edges: placed(read.session.messages.edges, edge) };
    if (resumeCursor) messages.resumeCursor = resumeCursor;
    return { ...read, session: { ...read.session, messages } };
  });
}

/** Events come in the order of their arrival; the list has that of the store. */
function placed(edges: MessageEdge[], edge: MessageEdge): MessageEdge[] {
  if (edges.some(({ node }) => node.id === edge.node.id)) return edges;
  const before = edges.findLastIndex(({ node }) => node.createdAt <= edge.node.createdAt);
  return edges.toSpliced(before + 1, 0, edge);
}
