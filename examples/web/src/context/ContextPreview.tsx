// What a model would get of the conversation under two sets of strategies, side by side.
import { useQuery } from "@apollo/client/react";
import { useEffect, useState } from "react";

import { wordsFor } from "../api/failures";
import { Notice } from "../shell/Notice";
import { Preview } from "./documents";
import { EditedColumn } from "./EditedColumn";
import { CUT_DOWN, UNEDITED, strategiesOf } from "./strategies";
import { StrategyForm } from "./StrategyForm";

const PAUSE = 250; // milliseconds without a change after which the server is asked

export function ContextPreview({ session }: { session: string }) {
  const [left, setLeft] = useState(UNEDITED);
  const [right, setRight] = useState(CUT_DOWN);
  const asked = useSettled(JSON.stringify({ left: strategiesOf(left), right: strategiesOf(right) }));
  const { data, previousData, error, loading, refetch } = useQuery(Preview, {
    variables: { session, ...JSON.parse(asked) },
    // An edited message has the id of the stored one and other text: it must not get into the cache.
    fetchPolicy: "no-cache",
  });
  const shown = (data ?? previousData)?.session;

  return (
    <section className="context" aria-label="Context preview" aria-busy={loading}>
      <p className="lead">What is stored never changes: strategies say what a model gets to read of it.</p>
      {error && <Notice onAction={() => void refetch()}>{wordsFor(error)}</Notice>}
      <div className="columns" data-stale={loading}>
        <StrategyForm name="First" choices={left} onChange={setLeft} />
        <StrategyForm name="Second" choices={right} onChange={setRight} />
        {shown?.messages && shown.left && shown.right && (
          <>
            <EditedColumn name="First view" stored={shown.messages.nodes} edited={shown.left} />
            <EditedColumn name="Second view" stored={shown.messages.nodes} edited={shown.right} />
          </>
        )}
        {!shown && !error && <div className="skeleton" role="status" aria-label="Loading" />}
      </div>
    </section>
  );
}

/** Give a value once it has not changed for a moment. */
function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), PAUSE);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
