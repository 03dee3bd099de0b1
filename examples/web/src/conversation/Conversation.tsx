// A conversation: the newest messages, earlier ones above, and live what anybody stores.
import { useMemo } from "react";

import { wordsFor } from "../api/failures";
import type { MessageRowFragment } from "../generated/graphql";
import { Icon } from "../shell/Icon";
import { LoadMore } from "../shell/LoadMore";
import { Notice } from "../shell/Notice";
import { Composer } from "./Composer";
import { Message } from "./Message";
import { toolsOf } from "./tools";
import { useConversation } from "./useConversation";
import { useKeptScroll } from "./useKeptScroll";

const NONE: MessageRowFragment[] = [];

export function Conversation({ session }: { session: string }) {
  const { messages, earlier, arrived, error, ended, reload } = useConversation(session);
  const shown = messages ?? NONE;
  const { scroller, onScroll, atEnd, toEnd } = useKeptScroll(shown[0]?.id, shown.at(-1)?.id);
  const tools = useMemo(() => toolsOf(shown), [shown]);
  const spoken = shown.find(({ id }) => id === arrived);

  return (
    <section className="conversation" aria-label="Conversation">
      <div className="scroller" ref={scroller} onScroll={onScroll} tabIndex={0} role="region" aria-label="Messages">
        {earlier && <LoadMore label="Earlier messages" load={earlier} />}
        {error && !messages && <Notice onAction={reload}>{wordsFor(error)}</Notice>}
        {!messages && !error && <ul className="skeleton" aria-label="Loading" aria-busy="true" />}
        {messages?.length === 0 && <p className="empty">Nothing was said yet. Write the first message.</p>}
        <ol className="messages">
          {shown.map((message) => (
            <Message key={message.id} message={message} tools={tools} />
          ))}
        </ol>
        {ended && <Notice onAction={reload}>{ended}</Notice>}
      </div>
      {!atEnd && (
        <button type="button" className="to-end" onClick={toEnd}>
          <Icon name="down" /> Newest
        </button>
      )}
      <p className="visually-hidden" aria-live="polite">
        {spoken && spokenText(spoken)}
      </p>
      <Composer session={session} onSend={toEnd} />
    </section>
  );
}

function spokenText({ parts }: MessageRowFragment): string {
  const texts = parts.map((part) => ("text" in part ? part.text : "name" in part ? `Tool call: ${part.name}` : ""));
  return `New message: ${texts.join(" ").slice(0, 300)}`;
}
