// What becomes of a conversation in the cache: each message is shown once, whatever brings it and in which order.
import type { ApolloCache, ApolloClient } from "@apollo/client";

import type { ConversationQuery, MessageRowFragment } from "../generated/graphql";
import { Conversation } from "./documents";

type Messages = NonNullable<NonNullable<ConversationQuery["session"]>["messages"]>;
export type MessageEdge = Messages["edges"][number];

const DRAFT = "draft:";

/** What is shown of a message until the server has answered. */
export function draft(text: string, idempotencyKey: string): MessageEdge {
  const id = DRAFT + idempotencyKey;
  const node: MessageRowFragment = {
    __typename: "Message",
    id,
    role: "USER",
    idempotencyKey,
    createdAt: new Date().toISOString(),
    parts: [{ __typename: "TextPart", id, text }],
  };
  return { __typename: "MessageEdge", cursor: id, node };
}

/** Whether the conversation shows the message already: one's own comes back as an event. */
export function isKnown(client: ApolloClient, session: string, edge: MessageEdge): boolean {
  const read = client.readQuery({ query: Conversation, variables: { session } }, true);
  return read?.session?.messages?.edges.some(({ node }) => isSame(node, edge.node)) ?? false;
}

export function isDraft({ id }: { id: string }): boolean {
  return id.startsWith(DRAFT);
}

/** The draft, the mutation's answer and the live event bring the same message; only an event knows where to go on from. */
export function addMessage(cache: ApolloCache, session: string, edge: MessageEdge, resumeCursor?: string): void {
  cache.updateQuery({ query: Conversation, variables: { session } }, (read) => {
    if (!read?.session?.messages) return read;
    const messages = { ...read.session.messages, edges: placed(read.session.messages.edges, edge) };
    if (resumeCursor) messages.resumeCursor = resumeCursor;
    return { ...read, session: { ...read.session, messages } };
  });
}

function placed(edges: MessageEdge[], edge: MessageEdge): MessageEdge[] {
  const same = edges.findIndex(({ node }) => isSame(node, edge.node));
  if (same >= 0) return isDraft(edge.node) ? edges : edges.with(same, edge);
  if (isDraft(edge.node)) return [...edges, edge];
  // Events come in the order of their arrival; the list has that of the store. Drafts stay last.
  const before = edges.findLastIndex(({ node }) => !isDraft(node) && node.createdAt <= edge.node.createdAt);
  return edges.toSpliced(before + 1, 0, edge);
}

/** Messages that were stored as one list share their key, so only a draft is known by it. */
function isSame(one: MessageRowFragment, other: MessageRowFragment): boolean {
  const drafted = isDraft(one) || isDraft(other);
  return one.id === other.id || (drafted && one.idempotencyKey === other.idempotencyKey);
}
