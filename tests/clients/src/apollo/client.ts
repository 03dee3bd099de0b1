import { ApolloClient, ApolloLink, HttpLink, Observable } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { RetryLink } from "@apollo/client/link/retry";
import { OperationTypeNode, print } from "graphql";
import type { Client } from "graphql-ws";

import { follow } from "../live";
import { createCache } from "./cache";

interface Ways {
  url: string;
  headers: Record<string, string>;
  socket: Client;
  fetch?: typeof fetch;
}

export function createApolloClient({ url, headers, socket, fetch }: Ways): ApolloClient {
  return new ApolloClient({
    cache: createCache(),
    link: ApolloLink.split(
      ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
      followLink(socket),
      ApolloLink.from([retryLink, persistedLink, new HttpLink({ uri: url, headers, ...(fetch && { fetch }) })]),
    ),
  });
}

/** Apollo's own link for graphql-ws sends the first `after` again after a break; this one the last. */
function followLink(socket: Client): ApolloLink {
  return new ApolloLink(
    ({ query, variables, operationName }) =>
      new Observable((observer) =>
        follow(socket, { query: print(query), variables, operationName }, {
          next: (result) => observer.next(result as ApolloLink.Result),
          error: (reason) => observer.error(reason),
          complete: () => observer.complete(),
        }),
      ),
  );
}

/** A write is sent again only under its key: then it is done once, though an answer was lost. */
const retryLink = new RetryLink({
  delay: { initial: 300 },
  attempts: {
    max: 5,
    retryIf: (_, { operationType, variables }) =>
      operationType === OperationTypeNode.QUERY || Boolean(variables.input?.idempotencyKey),
  },
});

const persistedLink = new PersistedQueryLink({ sha256 });

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
