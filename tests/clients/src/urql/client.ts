import { Client, fetchExchange, subscriptionExchange } from "@urql/core";
import type { FormattedExecutionResult, GraphQLError } from "graphql";
import type { Client as Socket } from "graphql-ws";

import { follow } from "../live";
import { cache } from "./cache";

interface Ways {
  url: string;
  headers: Record<string, string>;
  socket: Socket;
  fetch?: typeof fetch;
}

export function createUrqlClient({ url, headers, socket, fetch }: Ways): Client {
  return new Client({
    url,
    preferGetMethod: false,
    fetchOptions: { headers },
    ...(fetch && { fetch }),
    exchanges: [
      cache,
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: (request) => ({
          subscribe: (sink) => ({
            unsubscribe: follow(socket, { ...request, query: request.query ?? "" }, {
              next: (result) => sink.next(result as FormattedExecutionResult & { errors?: GraphQLError[] }),
              error: (reason) => sink.error(reason),
              complete: () => sink.complete(),
            }),
          }),
        }),
      }),
    ],
  });
}
