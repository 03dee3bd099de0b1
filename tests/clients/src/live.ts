import { type Client, type ClientOptions, type Sink, type SubscribePayload, createClient } from "graphql-ws";

/** One socket for all subscriptions, which comes back after every break; an `Error` is none, but a mistake. */
export function connect(options: ClientOptions): Client {
  return createClient({ retryAttempts: Infinity, shouldRetry: (reason) => !(reason instanceof Error), ...options });
}

/**
 * Subscribe so that a break misses nothing: graphql-ws sends the same request again when it is connected again, and its
 * variable `after` is then the `resumeCursor` of the last event.
 */
export function follow(socket: Client, request: SubscribePayload, sink: Sink): () => void {
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
