// A conversation: the newest messages, earlier ones above, and live what anybody stores.
import { wordsFor } from "../api/failures";
import type { MessageRowFragment } from "../generated/graphql";
import { Icon } from "../shell/Icon";
import { LoadMore } from "../shell/LoadMore";
import { Notice } from "../shell/Notice";
import { Composer } from "./Composer";
import { DraftRow } from "./DraftRow";
import { Message } from "./Message";
import { toolsOf } from "./tools";
import { useConversation } from "./useConversation";
import { useKeptScroll } from "./useKeptScroll";

export function Conversation({ session }: { session: string }) {
  const { messages, drafts, send, sendAgain, drop, ...more } = useConversation(session);
  const { earlier, arrived, error, ended, reload } = more;
  const last = drafts.at(-1)?.key ?? messages?.at(-1)?.id;
  const { scroller, onScroll, atEnd, toEnd } = useKeptScroll(messages?.[0]?.id, last);
  const tools = toolsOf(messages ?? []);

  function sendAndShow(text: string) {
    send(text);
    toEnd();
  }

  return (
    <section className="conversation" aria-label="Conversation">
      <div className="scroller" ref={scroller} onScroll={onScroll} tabIndex={0} role="region" aria-label="Messages">
        {earlier && <LoadMore label="Earlier messages" load={earlier} />}
        {error && !messages && <Notice onAction={reload}>{wordsFor(error)}</Notice>}
        {!messages && !error && <div className="skeleton" role="status" aria-label="Loading" />}
        {messages?.length === 0 && drafts.length === 0 && (
          <p className="empty">Nothing was said yet. Write the first message.</p>
        )}
        <ol className="messages">
          {messages?.map((message) => (
            <Message key={message.id} message={message} tools={tools} />
          ))}
          {drafts.map((draft) => (
            <DraftRow key={draft.key} draft={draft} onAgain={() => sendAgain(draft)} onDrop={() => drop(draft.key)} />
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
        {arrived && spoken(arrived)}
      </p>
      <Composer onSend={sendAndShow} />
    </section>
  );
}

function spoken({ parts }: MessageRowFragment): string {
  const texts = parts.map((part) => ("text" in part ? part.text : "name" in part ? `Tool call: ${part.name}` : ""));
  return `New message: ${texts.join(" ").slice(0, 300)}`;
}
