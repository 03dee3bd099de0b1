// What becomes of the lists of sessions in the cache, whoever changed them.
import type { ApolloCache } from "@apollo/client";

import type { SessionRowFragment, SessionsQuery } from "../generated/graphql";
import { SessionRow, Sessions } from "./documents";

type SessionEdge = NonNullable<SessionsQuery["sessions"]>["edges"][number];

/**
 * Put a session, as it is now, into the list that it belongs to, once: the mutation's answer and the live event bring the
 * same one, in any order. Which place it has is told when the list is shown.
 */
export function putSession(cache: ApolloCache, edge: SessionEdge): void {
  const { node } = edge;
  cache.writeFragment({ fragment: SessionRow, from: node, data: node });
  const variables = { archived: node.archivedAt !== null };
  cache.updateQuery({ query: Sessions, variables }, (read) => {
    if (!read?.sessions || read.sessions.edges.some(({ node: { id } }) => id === node.id)) return read;
    return { ...read, sessions: { ...read.sessions, edges: [edge, ...read.sessions.edges] } };
  });
}

/** Take a session out of every list that shows it. */
export function dropSession(cache: ApolloCache, id: string): void {
  cache.evict({ id: cache.identify({ __typename: "Session", id }) ?? "" });
  cache.gc();
}

/** Give what is to be shown: pinned ones first, and of both those in which something was said last. */
export function shown(edges: SessionEdge[], archived: boolean): SessionRowFragment[] {
  const all = new Map(edges.map(({ node }) => [node.id, node]));
  const those = [...all.values()].filter(({ archivedAt }) => (archivedAt !== null) === archived);
  return those.sort((one, other) => comparable(other).localeCompare(comparable(one)));
}

/** Times are written alike, in UTC, so that their order is that of their texts. */
function comparable({ pinnedAt, lastActivityAt }: SessionRowFragment): string {
  return `${pinnedAt ? 1 : 0} ${lastActivityAt}`;
}
