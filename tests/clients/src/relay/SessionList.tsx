import { useLazyLoadQuery, useMutation, usePaginationFragment } from "react-relay";

import { createSession, deleteSession, query, sessions } from "./Sessions";
import type { SessionsCreateMutation } from "./generated/SessionsCreateMutation.graphql";
import type { SessionsDeleteMutation } from "./generated/SessionsDeleteMutation.graphql";
import type { SessionsPageQuery } from "./generated/SessionsPageQuery.graphql";
import type { SessionsQuery } from "./generated/SessionsQuery.graphql";
import type { Sessions_user$key } from "./generated/Sessions_user.graphql";

/** The sessions of the viewer, newest first; it suspends until the first page is there. */
export function SessionList({ pageSize }: { pageSize: number }) {
  const { viewer } = useLazyLoadQuery<SessionsQuery>(query, { first: pageSize });
  const { data, hasNext, loadNext } = usePaginationFragment<SessionsPageQuery, Sessions_user$key>(sessions, viewer);
  const [create] = useMutation<SessionsCreateMutation>(createSession);
  const [remove] = useMutation<SessionsDeleteMutation>(deleteSession);
  const connections = data.sessions ? [data.sessions.__id] : [];
  return (
    <>
      <button onClick={() => create({ variables: { input: { title: "New" }, connections } })}>New</button>
      <ul>
        {data.sessions?.edges.map(({ node: { id, title } }) => (
          <li key={id}>
            <span>{title}</span>
            <button onClick={() => remove({ variables: { input: { id }, connections } })}>Delete</button>
          </li>
        ))}
      </ul>
      {hasNext && <button onClick={() => loadNext(pageSize)}>More</button>}
    </>
  );
}
