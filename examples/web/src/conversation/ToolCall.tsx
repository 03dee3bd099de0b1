// A tool call with its arguments and its result, folded until somebody wants to know.
import { Icon } from "../shell/Icon";
import type { ToolCall as Call, ToolResult } from "./tools";

interface Props {
  call: Call;
  result: ToolResult | undefined;
}

export function ToolCall({ call, result }: Props) {
  const state = !result ? "waiting" : result.isError ? "failed" : "done";
  return (
    <details className="tool-call" data-state={state}>
      <summary>
        <Icon name="tool" />
        <code className="name">{call.name}</code>
        <code className="preview">{oneLine(call.argumentsText)}</code>
        <span className="state">{state}</span>
      </summary>
      <dl>
        <Detail name="Arguments" text={call.argumentsText} />
        <Detail name="Result" text={result?.text} />
      </dl>
    </details>
  );
}

/** A result whose call is not at hand: it stands further up. */
export function LoneResult({ result }: { result: ToolResult }) {
  return (
    <details className="tool-call" data-state={result.isError ? "failed" : "done"}>
      <summary>
        <Icon name="tool" />
        <span className="preview">Result of an earlier call</span>
      </summary>
      <dl>
        <Detail name="Result" text={result.text} />
      </dl>
    </details>
  );
}

function Detail({ name, text }: { name: string; text: string | undefined }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd tabIndex={0}>{text === undefined ? "None yet" : indented(text) || "(empty)"}</dd>
    </div>
  );
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ");
}

/** JSON is laid out; all else stays as it is. */
function indented(text: string): string {
  try {
    const read: unknown = JSON.parse(text);
    return typeof read === "object" ? JSON.stringify(read, null, 2) : text;
  } catch {
    return text;
  }
}
