// A subscription for as long as a component is there; it says when it has ended for good, and how to begin again.
import type { ApolloClient } from "@apollo/client";
import { useApolloClient } from "@apollo/client/react";
import { useEffect, useEffectEvent, useState } from "react";
import type { Observable } from "rxjs";

import { wordsFor } from "./failures";

interface Following<Data> {
  /** Asked at each beginning, since the cursor to go on from moves; null: not yet. */
  begin: (client: ApolloClient) => Observable<ApolloClient.SubscribeResult<Data>> | null;
  onEvent: (data: Data) => void;
}

/** `subject` is what the subscription is about: with another one it begins anew. */
export function useFollowing<Data>(subject: unknown, { begin, onEvent }: Following<Data>) {
  const client = useApolloClient();
  const [ended, setEnded] = useState<string | null>(null);
  const [attempt, setAttempt] = useState(0);
  const start = useEffectEvent(begin);
  const tell = useEffectEvent(onEvent);

  useEffect(() => {
    const fail = (error: unknown) => setEnded(wordsFor(error));
    const running = start(client)?.subscribe({
      next: ({ data, error }) => (error ? fail(error) : data && tell(data as Data)),
      error: fail,
    });
    return () => running?.unsubscribe();
  }, [client, subject, attempt]);

  function again() {
    setEnded(null);
    setAttempt(attempt + 1);
  }
  return { ended, again };
}
