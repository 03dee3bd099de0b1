// A list of the viewer's sessions, those in which something was said last first: page by page, and live.
import { useApolloClient, useQuery } from "@apollo/client/react";
import { useEffect } from "react";

import { onReturn } from "../api/live";
import { useFollowing } from "../api/useFollowing";
import { MoreSessions, SessionListChanged, Sessions } from "./documents";
import { dropSession, putSession, shown } from "./store";

export function useSessions(archived: boolean) {
  const { cache } = useApolloClient();
  const { data, error, fetchMore, refetch } = useQuery(Sessions, { variables: { archived } });
  const { ended, again } = useFollowing("sessions", {
    begin: (client) => client.subscribe({ query: SessionListChanged }),
    onEvent({ sessionListChanged: { sessionEdge, deletedSessionId } }) {
      if (sessionEdge) putSession(cache, sessionEdge);
      if (deletedSessionId) dropSession(cache, deletedSessionId);
    },
  });
  // There is no going on after a break: the list is read anew.
  useEffect(() => onReturn(() => void refetch()), [refetch]);

  const list = data?.sessions;
  const { hasNextPage, endCursor } = list?.pageInfo ?? {};
  return {
    sessions: list && shown([...(data.pinned?.edges ?? []), ...list.edges], archived),
    more:
      hasNextPage && endCursor
        ? () => fetchMore({ query: MoreSessions, variables: { archived, after: endCursor } })
        : null,
    error,
    ended,
    reload() {
      void refetch();
      again();
    },
  };
}
