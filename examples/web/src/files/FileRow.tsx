// One file: what it is, its download, its deletion.
import { useApolloClient, useMutation } from "@apollo/client/react";
import { useState } from "react";

import { Refused, accepted, wordsFor } from "../api/failures";
import type { FileRowFragment } from "../generated/graphql";
import { Confirm } from "../shell/Confirm";
import { Icon } from "../shell/Icon";
import { Notice } from "../shell/Notice";
import { fullOf, sizeOf } from "../shell/times";
import { DeleteFile, FileLink, Files } from "./documents";

export function FileRow({ file }: { file: FileRowFragment }) {
  const client = useApolloClient();
  const [failure, setFailure] = useState<string | null>(null);
  const [remove] = useMutation(DeleteFile, { refetchQueries: [Files], awaitRefetchQueries: true });

  /** The link is made when it is wanted, since it works for an hour; it is answered as a download. */
  async function download() {
    setFailure(null);
    try {
      const { data } = await client.query({ query: FileLink, variables: { id: file.id }, fetchPolicy: "no-cache" });
      const link = data?.node?.__typename === "File" ? data.node.publicUrl : null;
      if (!link) throw new Refused("This file has gone meanwhile.");
      location.assign(link.url);
    } catch (error) {
      setFailure(wordsFor(error));
    }
  }

  async function confirmed() {
    const { data } = await remove({ variables: { input: { file: { id: file.id } } } });
    accepted(data?.deleteFile);
  }

  return (
    <li className="file">
      <div className="row">
        <Icon name="file" />
        <span className="name">{file.filename}</span>
        <small title={`${file.mimeType}, written ${fullOf(file.updatedAt)}`}>{sizeOf(file.size)}</small>
        <button type="button" className="icon" aria-label={`Download ${file.filename}`} onClick={() => void download()}>
          <Icon name="download" />
        </button>
        <Confirm label={`Delete ${file.filename}`} question={`Delete “${file.filename}”?`} onConfirm={confirmed}>
          {file.path} is gone for good then.
        </Confirm>
      </div>
      {failure && <Notice>{failure}</Notice>}
    </li>
  );
}
