// What lies directly in a directory; those within it open in place.
import { useQuery } from "@apollo/client/react";
import { useState } from "react";

import { wordsFor } from "../api/failures";
import { Icon } from "../shell/Icon";
import { LoadMore } from "../shell/LoadMore";
import { Notice } from "../shell/Notice";
import { Files } from "./documents";
import { FileRow } from "./FileRow";

interface Props {
  session: string;
  path: string;
  onOpen: (path: string) => void;
}

export function Directory({ session, path, onOpen }: Props) {
  const { data, error, fetchMore, refetch } = useQuery(Files, {
    variables: { session, path },
    fetchPolicy: "cache-and-network", // nobody tells of files that others write
  });
  const list = data?.session?.files;
  if (error && !list) return <Notice onAction={() => void refetch()}>{wordsFor(error)}</Notice>;
  if (!list) return <div className="skeleton" role="status" aria-label="Loading" />;
  if (list.edges.length + list.directories.length === 0)
    return <p className="empty">No files yet. Drop some here, or press Upload.</p>;
  return (
    <>
      <ul className="directory">
        {list.directories.map((one) => (
          <Branch key={one.path} name={one.name} session={session} path={one.path} onOpen={onOpen} />
        ))}
        {list.edges.map(({ node }) => (
          <FileRow key={node.id} file={node} />
        ))}
      </ul>
      {list.pageInfo.hasNextPage && (
        <LoadMore label="More files" load={() => fetchMore({ variables: { after: list.pageInfo.endCursor } })} />
      )}
    </>
  );
}

function Branch({ name, ...within }: Props & { name: string }) {
  const [open, setOpen] = useState(false);

  function toggle() {
    if (!open) within.onOpen(within.path);
    setOpen(!open);
  }

  return (
    <li className="branch">
      <button type="button" className="row" aria-expanded={open} onClick={toggle}>
        <Icon name="chevron" />
        <Icon name="folder" />
        <span className="name">{name}</span>
      </button>
      {open && <Directory {...within} />}
    </li>
  );
}
