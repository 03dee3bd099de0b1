// The messages of a session: the newest first, older ones on demand, new ones as they are stored, one's own at once.
import { useApolloClient, useQuery } from "@apollo/client/react";
import { useState } from "react";

import { useFollowing } from "../api/useFollowing";
import type { MessageRowFragment } from "../generated/graphql";
import { Conversation, Earlier, MessageStored } from "./documents";
import { addMessage } from "./store";
import { useDrafts } from "./useDrafts";

export function useConversation(session: string) {
  const client = useApolloClient();
  const { data, error, fetchMore, refetch } = useQuery(Conversation, { variables: { session } });
  const [arrived, setArrived] = useState<MessageRowFragment | null>(null);
  const { drafts, isOwn, ...sending } = useDrafts(session);
  const page = data?.session?.messages;
  const messages = page?.edges.map(({ node }) => node);

  const { ended, again } = useFollowing(page ? session : null, {
    begin() {
      const read = client.readQuery({ query: Conversation, variables: { session } });
      const after = read?.session?.messages?.resumeCursor;
      return after ? client.subscribe({ query: MessageStored, variables: { session, after } }) : null;
    },
    onEvent({ messageStored: { messageEdge, resumeCursor } }) {
      addMessage(client.cache, session, messageEdge, resumeCursor);
      if (!isOwn(messageEdge.node.idempotencyKey)) setArrived(messageEdge.node);
    },
  });

  return {
    messages,
    drafts: drafts.filter(({ key }) => !messages?.some(({ idempotencyKey }) => idempotencyKey === key)),
    ...sending,
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
