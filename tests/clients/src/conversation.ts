import type { ConversationQuery, MessageRowFragment } from "./generated/graphql";

export type Edge = NonNullable<NonNullable<ConversationQuery["session"]>["messages"]>["edges"][number];

const DRAFT = "draft:";

/** What is shown of a message until the server has answered. */
export function draft(text: string, idempotencyKey: string): Edge {
  const id = DRAFT + idempotencyKey;
  const node: MessageRowFragment = {
    __typename: "Message",
    id,
    role: "USER",
    text,
    idempotencyKey,
    createdAt: new Date().toISOString(),
  };
  return { __typename: "MessageEdge", cursor: id, node };
}

/**
 * Put a message into the conversation, once: the draft, the mutation's answer and the live event bring the same one, in
 * any order.
 */
export function withMessage(read: ConversationQuery, edge: Edge): ConversationQuery {
  if (!read.session?.messages) return read;
  const { edges } = read.session.messages;
  const place = edges.findIndex(({ node }) => isSame(node, edge.node));
  if (place >= 0 && isDraft(edge.node)) return read;
  const messages = {
    ...read.session.messages,
    edges: place < 0 ? [...edges, edge] : edges.with(place, edge),
  };
  return { ...read, session: { ...read.session, messages } };
}

/** Messages that were stored as one list share their key, so only a draft is known by it. */
function isSame(one: MessageRowFragment, other: MessageRowFragment): boolean {
  const drafted = isDraft(one) || isDraft(other);
  return one.id === other.id || (drafted && one.idempotencyKey === other.idempotencyKey);
}

function isDraft({ id }: MessageRowFragment): boolean {
  return id.startsWith(DRAFT);
}
