// The files of a session: a tree, and two ways to put files into it.
import { type DragEvent, useRef, useState } from "react";

import { Icon } from "../shell/Icon";
import { Notice } from "../shell/Notice";
import { Directory } from "./Directory";
import { useUpload } from "./useUpload";

export function Files({ session }: { session: string }) {
  const picker = useRef<HTMLInputElement>(null);
  const [folder, setFolder] = useState("/");
  const [dragging, setDragging] = useState(false);
  const { run, status, failures } = useUpload(session);

  function drop(event: DragEvent) {
    event.preventDefault();
    setDragging(false);
    void run([...event.dataTransfer.files], folder);
  }

  function dragOver(event: DragEvent) {
    event.preventDefault(); // else the browser opens what is dropped
    setDragging(true);
  }

  function dragLeave({ currentTarget, relatedTarget }: DragEvent) {
    if (!currentTarget.contains(relatedTarget as Node | null)) setDragging(false);
  }

  return (
    <section
      className="files"
      aria-label="Files"
      data-dragging={dragging}
      onDragOver={dragOver}
      onDragLeave={dragLeave}
      onDrop={drop}
    >
      <div className="toolbar">
        <label>
          Folder
          <input value={folder} spellCheck={false} onChange={({ target }) => setFolder(target.value)} />
        </label>
        <button type="button" className="primary" onClick={() => picker.current?.click()}>
          <Icon name="upload" /> Upload
        </button>
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          onChange={({ target }) => {
            void run([...(target.files ?? [])], folder);
            target.value = ""; // so that the same file may be chosen again
          }}
        />
      </div>
      <p className="status" role="status">
        {status}
      </p>
      {failures.map((failure, place) => (
        <Notice key={place}>{failure}</Notice>
      ))}
      <Directory session={session} path="/" onOpen={setFolder} />
    </section>
  );
}
