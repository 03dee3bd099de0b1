import type { ConversationQuery } from "./generated/graphql";

export type Edge = NonNullable<NonNullable<ConversationQuery["session"]>["messages"]>["edges"][number];

/** Put a message into the conversation, once and in its place: the mutation's answer and the live event bring the same one. */
export function withMessage(read: ConversationQuery, edge: Edge): ConversationQuery {
  if (!read.session?.messages) return read;
  const { edges } = read.session.messages;
  if (edges.some(({ node }) => node.id === edge.node.id)) return read;
  const before = edges.findLastIndex(({ node }) => node.createdAt <= edge.node.createdAt);
  const messages = { ...read.session.messages, edges: edges.toSpliced(before + 1, 0, edge) };
  return { ...read, session: { ...read.session, messages } };
}
