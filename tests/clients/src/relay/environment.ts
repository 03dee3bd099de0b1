import type { Client } from "graphql-ws";
import { Environment, type GraphQLResponse, Network, Observable, RecordSource, Store } from "relay-runtime";

import { follow } from "../live";

interface Ways {
  url: string;
  headers: Record<string, string>;
  socket: Client;
}

export function createRelayEnvironment({ url, headers, socket }: Ways): Environment {
  const network = Network.create(
    async ({ text, name }, variables) => {
      const answer = await fetch(url, {
        method: "POST",
        headers: { ...headers, "content-type": "application/json", accept: "application/graphql-response+json" },
        body: JSON.stringify({ query: text, operationName: name, variables }),
      });
      return (await answer.json()) as GraphQLResponse;
    },
    ({ text, name }, variables) =>
      Observable.create<GraphQLResponse>((sink) =>
        follow(socket, { query: text ?? "", operationName: name, variables }, {
          next: (result) => sink.next(result as GraphQLResponse),
          error: (reason) => sink.error(reason as Error),
          complete: () => sink.complete(),
        }),
      ),
  );
  return new Environment({ network, store: new Store(new RecordSource()) });
}
