// Uploads files one after the other, and tells how it goes.
import { useMutation } from "@apollo/client/react";
import { useState } from "react";

import { accepted, wordsFor } from "../api/failures";
import { Files, UploadFile } from "./documents";

export function useUpload(session: string) {
  const [upload] = useMutation(UploadFile, { refetchQueries: [Files], awaitRefetchQueries: true });
  const [status, setStatus] = useState("");
  const [failures, setFailures] = useState<string[]>([]);

  async function run(files: readonly File[], folder: string) {
    setFailures([]);
    for (const file of files) {
      setStatus(`Uploading ${file.name}…`);
      try {
        const input = { sessionId: session, path: pathOf(folder, file.name), content: { upload: file } };
        const { data } = await upload({ variables: { input } });
        accepted(data?.uploadFile);
        setStatus(`${file.name} is stored.`);
      } catch (error) {
        setStatus("");
        setFailures((told) => [...told, `${file.name}: ${wordsFor(error)}`]);
      }
    }
  }
  return { run, status, failures };
}

function pathOf(folder: string, name: string): string {
  return `/${folder}/${name}`.replace(/\/+/g, "/");
}
