import { useMemo } from "react";
import { useLazyLoadQuery, useMutation, usePaginationFragment, useSubscription } from "react-relay";

import { messageStored, messages, query, storeMessage } from "./Messages";
import type { MessagesPageQuery } from "./generated/MessagesPageQuery.graphql";
import type { MessagesQuery } from "./generated/MessagesQuery.graphql";
import type { MessagesStoreMutation } from "./generated/MessagesStoreMutation.graphql";
import type { MessagesStoredSubscription } from "./generated/MessagesStoredSubscription.graphql";
import type { Messages_session$key } from "./generated/Messages_session.graphql";

/** The messages of a session from its first one on, with those that come while it is shown. */
export function Conversation({ session, pageSize }: { session: string; pageSize: number }) {
  const root = useLazyLoadQuery<MessagesQuery>(query, { session, first: pageSize });
  const { data, hasNext, loadNext } = usePaginationFragment<MessagesPageQuery, Messages_session$key>(messages, root.session);
  const [store] = useMutation<MessagesStoreMutation>(storeMessage);
  const list = data?.messages;
  const connections = list ? [list.__id] : [];
  const start = useMemo(() => list?.resumeCursor, [list?.__id]); // where it begins: it resumes by itself after a break
  useSubscription<MessagesStoredSubscription>(
    useMemo(() => ({ subscription: messageStored, variables: { session, after: start, connections } }), [session, start]),
  );
  const send = (content: string) =>
    store({ variables: { input: { sessionId: session, message: { chat: { role: "USER", content } } }, connections } });
  return (
    <>
      <ol>{list?.edges.map(({ node: { id, text } }) => <li key={id}>{text}</li>)}</ol>
      {hasNext && <button onClick={() => loadNext(pageSize)}>More</button>}
      <button onClick={() => send("hello")}>Send</button>
    </>
  );
}
