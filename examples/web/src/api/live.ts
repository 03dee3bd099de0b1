// The one socket of all subscriptions: it comes back after every break, and tells whether it is there.
import { type Sink, type SubscribePayload, createClient } from "graphql-ws";
import { useSyncExternalStore } from "react";

import { identity } from "./identity";

let connected = false;
const watchers = new Set<() => void>();
const returns = new Set<() => void>();

function become(now: boolean): void {
  connected = now;
  watchers.forEach((watcher) => watcher());
}

const socket = createClient({
  url: `${location.origin.replace(/^http/, "ws")}/graphql`,
  connectionParams: identity,
  retryAttempts: Infinity,
  shouldRetry: (reason) => !(reason instanceof Error),
  on: {
    connected: (_socket, _payload, wasRetry) => {
      become(true);
      if (wasRetry) returns.forEach((tell) => tell());
    },
    closed: () => become(false),
  },
});

/**
 * Subscribe so that a break misses nothing: graphql-ws sends the same request again when it is connected again, and its
 * variable `after` is then the `resumeCursor` of the last event.
 */
export function follow(request: SubscribePayload, sink: Sink): () => void {
  const variables: Record<string, unknown> = { ...request.variables };
  return socket.subscribe(
    { ...request, variables },
    {
      next(result) {
        for (const event of Object.values(result.data ?? {}))
          if (typeof event === "object" && event && "resumeCursor" in event) variables.after = event.resumeCursor;
        sink.next(result);
      },
      error: (reason) => sink.error(reason),
      complete: () => sink.complete(),
    },
  );
}

/** Call back each time the socket is there again after a break: what has no cursor has to be read anew. */
export function onReturn(tell: () => void): () => void {
  returns.add(tell);
  return () => returns.delete(tell);
}

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

export function useConnected(): boolean {
  return useSyncExternalStore(watch, () => connected);
}
