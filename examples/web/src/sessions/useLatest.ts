// No event of the list tells that something was said in a session that is not open. So the first page is asked for now and
// then, and when the page is looked at again; what it brings is put into the list, which keeps its length.
import { useApolloClient } from "@apollo/client/react";
import { useEffect } from "react";

import { Sessions } from "./documents";
import { putSession } from "./store";

const EVERY = 20_000;

export function useLatest(archived: boolean): void {
  const client = useApolloClient();
  useEffect(() => {
    async function look() {
      if (document.hidden) return;
      const { data } = await client.query({ query: Sessions, variables: { archived }, fetchPolicy: "no-cache" });
      client.cache.batch({ update: (cache) => data?.sessions?.edges.forEach((edge) => putSession(cache, edge)) });
    }
    const lookIfPossible = () => void look().catch(() => undefined); // the next one may do
    const timer = setInterval(lookIfPossible, EVERY);
    document.addEventListener("visibilitychange", lookIfPossible);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", lookIfPossible);
    };
  }, [client, archived]);
}
