// The messages of a session: the newest first, older ones on demand, new ones as they are stored.
import { useApolloClient, useQuery } from "@apollo/client/react";
import { useState } from "react";

import { useFollowing } from "../api/useFollowing";
import { Conversation, Earlier, MessageStored } from "./documents";
import { addMessage, isKnown } from "./store";

export function useConversation(session: string) {
  const client = useApolloClient();
  const { data, error, fetchMore, refetch } = useQuery(Conversation, { variables: { session } });
  const [arrived, setArrived] = useState<string | null>(null);
  const page = data?.session?.messages;

  const { ended, again } = useFollowing(page ? session : null, {
    begin() {
      const read = client.readQuery({ query: Conversation, variables: { session } });
      const after = read?.session?.messages?.resumeCursor;
      return after ? client.subscribe({ query: MessageStored, variables: { session, after } }) : null;
    },
    onEvent({ messageStored: { messageEdge, resumeCursor } }) {
      if (!isKnown(client, session, messageEdge)) setArrived(messageEdge.node.id);
      addMessage(client.cache, session, messageEdge, resumeCursor);
    },
  });

  return {
    messages: page?.edges.map(({ node }) => node),
    earlier: page?.pageInfo.hasPreviousPage
      ? () => fetchMore({ query: Earlier, variables: { session, before: page.pageInfo.startCursor ?? "" } })
      : null,
    arrived,
    error,
    ended,
    reload() {
      void refetch();
      again();
    },
  };
}
