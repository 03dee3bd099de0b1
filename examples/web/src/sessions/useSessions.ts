// The list of the viewer's sessions, newest first: page by page, and live.
import { useApolloClient, useQuery } from "@apollo/client/react";
import { useEffect } from "react";

import { onReturn } from "../api/live";
import { useFollowing } from "../api/useFollowing";
import { SessionListChanged, Sessions } from "./documents";
import { addSession, dropSession } from "./store";

export function useSessions() {
  const { cache } = useApolloClient();
  const { data, error, fetchMore, refetch } = useQuery(Sessions);
  const { ended, again } = useFollowing("sessions", {
    begin: (client) => client.subscribe({ query: SessionListChanged }),
    onEvent({ sessionListChanged: { kind, sessionEdge, deletedSessionId } }) {
      if (kind === "CREATED" && sessionEdge) addSession(cache, sessionEdge);
      if (kind === "DELETED" && deletedSessionId) dropSession(cache, deletedSessionId);
      // What was updated, the cache has by its id.
    },
  });
  // There is no going on after a break: the list is read anew.
  useEffect(() => onReturn(() => void refetch()), [refetch]);

  const list = data?.sessions;
  return {
    sessions: list?.edges.map(({ node }) => node),
    more: list?.pageInfo.hasNextPage ? () => fetchMore({ variables: { after: list.pageInfo.endCursor } }) : null,
    error,
    ended,
    reload() {
      void refetch();
      again();
    },
  };
}
