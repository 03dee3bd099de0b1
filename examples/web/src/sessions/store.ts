// What becomes of the list of sessions in the cache, whoever changed it.
import type { ApolloCache } from "@apollo/client";

import type { SessionsQuery } from "../generated/graphql";
import { Sessions } from "./documents";

type SessionEdge = NonNullable<SessionsQuery["sessions"]>["edges"][number];

/** Put a new session first, once: the mutation's answer and the live event bring the same one, in any order. */
export function addSession(cache: ApolloCache, edge: SessionEdge): void {
  cache.updateQuery({ query: Sessions }, (read) => {
    if (!read?.sessions || read.sessions.edges.some(({ node }) => node.id === edge.node.id)) return read;
    return { ...read, sessions: { ...read.sessions, edges: [edge, ...read.sessions.edges] } };
  });
}

/** Take a session out of every list that shows it. */
export function dropSession(cache: ApolloCache, id: string): void {
  cache.evict({ id: cache.identify({ __typename: "Session", id }) ?? "" });
  cache.gc();
}
