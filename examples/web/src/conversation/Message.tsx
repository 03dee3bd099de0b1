// One message: who speaks, when, and all its parts.
import type { MessageRole, MessageRowFragment } from "../generated/graphql";
import { Icon } from "../shell/Icon";
import { clockOf, fullOf, sizeOf } from "../shell/times";
import { LoneResult, ToolCall } from "./ToolCall";
import { type Part, type Tools, isShown } from "./tools";

const SPEAKERS: Record<MessageRole, string> = {
  ASSISTANT: "Assistant",
  DEVELOPER: "Developer",
  SYSTEM: "System",
  TOOL: "Tool",
  USER: "You",
};

interface Props {
  message: MessageRowFragment;
  tools: Tools;
}

export function Message({ message, tools }: Props) {
  const parts = (message.parts as Part[]).filter((part) => isShown(part, tools));
  if (parts.length === 0) return null;
  return (
    <li className="message" data-id={message.id} data-role={message.role}>
      <div className="byline">
        <span className="speaker">{SPEAKERS[message.role]}</span>
        <time dateTime={message.createdAt} title={fullOf(message.createdAt)}>
          {clockOf(message.createdAt)}
        </time>
      </div>
      <div className="parts">
        {parts.map((part) => (
          <PartView key={part.id} part={part} tools={tools} />
        ))}
      </div>
    </li>
  );
}

function PartView({ part, tools }: { part: Part; tools: Tools }) {
  switch (part.__typename) {
    case "TextPart":
      return <p className="text">{part.text}</p>;
    case "ThinkingPart":
      return (
        <details className="thinking">
          <summary>Thinking</summary>
          <p>{part.redacted ? "The provider keeps this thought to itself." : part.text}</p>
        </details>
      );
    case "ToolCallPart":
      return <ToolCall call={part} result={tools.results.get(part.callId)} />;
    case "ToolResultPart":
      return <LoneResult result={part} />;
    case "MediaPart":
      return (
        <p className="attachment">
          <Icon name="file" />
          {part.filename ?? part.mimeType ?? part.kind.toLowerCase()}
          {part.size !== null && <small>{sizeOf(part.size)}</small>}
        </p>
      );
    case "DataPart":
      return <p className="attachment">Data: {part.dataType}</p>;
    case "UnknownPart":
      return <p className="attachment">{part.partType}</p>;
  }
}
