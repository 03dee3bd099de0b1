/** Files as the clients send them, whichever it is: what they put into a form is theirs, and what comes of it is looked at. */
import assert from "node:assert/strict";
import { test } from "node:test";

import type { TypedDocumentNode } from "@graphql-typed-document-node/core";

import { codeOf } from "../apollo/chat";
import { createUploadingApolloClient } from "../apollo/uploading";
import { StoreMessage } from "../documents";
import { createUploadingUrqlClient } from "../urql/uploading";
import { Parts, UploadFile } from "./documents";
import { ask, createSession, someone, url } from "./server";

const BYTES = Uint8Array.from({ length: 100_000 }, (_, index) => index % 256);
const MIB = 2 ** 20;
const USER = someone("uploads");
const HEADERS = { "X-User": USER };

type Send = <Data, Variables extends object>(
  mutation: TypedDocumentNode<Data, Variables>,
  variables: Variables,
) => Promise<{ data?: Data | null | undefined; code?: string | null | undefined }>;

const apollo = createUploadingApolloClient(url, HEADERS);
const urql = createUploadingUrqlClient(url, HEADERS);
const clients: Record<string, Send> = {
  apollo: async (mutation, variables) => {
    try {
      const { data } = await apollo.mutate({ mutation: mutation as never, variables: variables as never });
      return { data: data as never };
    } catch (error) {
      return { code: codeOf(error) };
    }
  },
  urql: async (mutation, variables) => {
    const { data, error } = await urql.mutation(mutation, variables).toPromise();
    return { data, code: error && String(error.graphQLErrors[0]?.extensions.code) };
  },
};

async function bytesOf(place: { url: string } | null | undefined): Promise<Uint8Array> {
  return new Uint8Array(await (await fetch(place!.url)).arrayBuffer());
}

for (const [name, send] of Object.entries(clients)) {
  test(`${name} sends a file to a disk, byte by byte`, async () => {
    const session = await createSession(USER, "disk");
    for (const [path, bytes] of [["/docs/a b.bin", BYTES], ["/empty", new Uint8Array()]] as const) {
      const upload = new File([bytes], 'ä "quoted".bin', { type: "application/octet-stream" });
      const { data } = await send(UploadFile, { input: { sessionId: session, path, content: { upload } } });
      const { file, errors } = data!.uploadFile!;
      assert.deepEqual([file?.path, file?.size, errors], [path, bytes.length, []]);
      assert.deepEqual(await bytesOf(file!.publicUrl), bytes);
    }
  });

  test(`${name} sends a message with attachments of all forms, one of its files twice`, async () => {
    const session = await createSession(USER, "message");
    const kept = await send(UploadFile, {
      input: { sessionId: session, path: "/kept.txt", content: { upload: new File(["kept"], "x") } },
    });
    const picture = new File([BYTES], "picture.png", { type: "image/png" });
    const attachments = [
      { upload: picture },
      { upload: new File(["a,b"], "table.csv", { type: "text/csv" }) },
      { upload: picture },
      { fileId: kept.data!.uploadFile!.file!.id },
      { base64: { data: btoa("plain"), filename: "plain.txt" } },
      { url: "https://example.org/sea.png" },
    ];
    const message = { chat: { role: "USER" as const, content: "Look.", attachments } };
    const { data } = await send(StoreMessage, { input: { sessionId: session, message, idempotencyKey: "once" } });
    assert.deepEqual(data!.storeMessage!.errors, []);

    const { session: read } = await ask(USER, Parts, { session });
    const parts = read!.messages!.edges[0]!.node.parts;
    const media = parts.flatMap((part) => (part.__typename === "MediaPart" ? [part] : []));
    assert.deepEqual(
      media.map(({ filename }) => filename),
      ["picture.png", "table.csv", "picture.png", "kept.txt", "plain.txt", null],
    );
    const stored = await Promise.all(media.slice(0, 5).map(({ publicUrl }) => bytesOf(publicUrl)));
    const texts = ["a,b", "kept", "plain"].map((text) => new TextEncoder().encode(text));
    assert.deepEqual(stored, [BYTES, texts[0], BYTES, texts[1], texts[2]]);

    const again = await send(StoreMessage, { input: { sessionId: session, message, idempotencyKey: "once" } });
    assert.equal(again.data!.storeMessage!.replayed, true);
  });

  test(`${name} is told by a code of what is too large, one file or all of them`, async () => {
    const session = await createSession(USER, "large");
    for (const size of [16 * MIB + 1, 65 * MIB]) {
      const upload = new File([new Uint8Array(size)], "large.bin");
      const { code } = await send(UploadFile, { input: { sessionId: session, path: "/large.bin", content: { upload } } });
      assert.equal(code, "TOO_LARGE");
    }
  });
}
