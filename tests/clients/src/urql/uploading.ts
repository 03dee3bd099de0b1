import { Client, fetchExchange } from "@urql/core";

import { cache } from "./cache";

/** `fetchExchange` sends forms by itself; what it leaves out is the header that no page can send by a form. */
export function createUploadingUrqlClient(url: string, headers: Record<string, string>): Client {
  return new Client({
    url,
    preferGetMethod: false,
    fetchOptions: { headers: { ...headers, "apollo-require-preflight": "true" } },
    exchanges: [cache, fetchExchange],
  });
}
