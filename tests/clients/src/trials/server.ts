/** The server that the trials ask, and a way to it that can be cut. */
import { once } from "node:events";
import { type Socket, connect as connectTo, createServer } from "node:net";

import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { print } from "graphql";
import { WebSocket } from "ws";

import { StoreMessage } from "../documents";
import { connect } from "../live";
import { CreateSession } from "./documents";

export const url = String(process.argv[2]);

/** Each run of a client's trials is a user of its own. */
export function someone(name: string): string {
  return `${name}-${crypto.randomUUID()}@example.com`;
}

export function waysOf(user: string, host = new URL(url).host) {
  const headers = { "X-User": user };
  const socket = connect({
    url: `ws://${host}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: headers,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 20)),
  });
  return { url, headers, socket };
}

/** Ask as another client of the same user would. */
export async function ask<Data, Variables>(user: string, document: TypedDocumentNode<Data, Variables>, variables: Variables) {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "X-User": user, "content-type": "application/json" },
    body: JSON.stringify({ query: print(document), variables }),
  });
  const { data, errors } = (await answer.json()) as { data: Data; errors?: unknown[] };
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

export async function createSession(user: string, title: string): Promise<string> {
  const { createSession } = await ask(user, CreateSession, { input: { title } });
  return createSession!.sessionEdge!.node.id;
}

export async function storeMessages(user: string, session: string, ...texts: string[]): Promise<void> {
  for (const content of texts)
    await ask(user, StoreMessage, { input: { sessionId: session, message: { chat: { role: "USER", content } } } });
}

/** A fetch that holds a message's way to the server, or the answer that it is stored, until it is let go. */
export function holding(what: "request" | "answer") {
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  return {
    release: () => release(),
    async fetch(input: RequestInfo | URL, init?: RequestInit) {
      if (what === "request" && String(init?.body).includes('"StoreMessage"')) await released;
      const answer = await fetch(input, init);
      if (what === "answer" && (await answer.clone().text()).includes('"storeMessage"')) await released;
      return answer;
    },
  };
}

/** Wait for what is to come; the time is only for what never comes. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  for (const end = Date.now() + 20_000; !holds(); await new Promise((resolve) => setTimeout(resolve, 5)))
    if (Date.now() > end) throw new Error(`never: ${what}`);
}

/** Stand between a client and the server, to cut what goes through and let nothing in until it is mended. */
export async function cuttable() {
  const { hostname, port } = new URL(url);
  const open = new Set<Socket>();
  let cut = false;
  let passed = 0;
  const server = createServer((near) => {
    if (cut) return near.destroy();
    passed += 1;
    const far = connectTo(Number(port), hostname);
    for (const [one, other] of [[near, far], [far, near]] as const) {
      open.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
      one.pipe(other);
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: `127.0.0.1:${(server.address() as { port: number }).port}`,
    passed: () => passed,
    cut() {
      cut = true;
      for (const one of open) one.destroy();
    },
    mend() {
      cut = false;
    },
    close() {
      this.cut();
      server.close();
    },
  };
}
