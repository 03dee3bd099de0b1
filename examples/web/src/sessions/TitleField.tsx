// The title while it is changed: Enter or leaving it saves, Escape does not.
import { type KeyboardEvent, useRef } from "react";

interface Props {
  title: string;
  onSave: (title: string) => Promise<void>;
  onCancel: () => void;
}

export function TitleField({ title, onSave, onCancel }: Props) {
  const left = useRef(false); // taking the field away blurs it once more

  function leave(act: () => void) {
    if (left.current) return;
    left.current = true;
    act();
  }

  function onKeyDown(event: KeyboardEvent<HTMLInputElement>) {
    if (event.nativeEvent.isComposing) return;
    if (event.key !== "Enter" && event.key !== "Escape") return;
    event.preventDefault(); // else the same key presses the button that has the focus next
    event.stopPropagation();
    const { value } = event.currentTarget;
    leave(event.key === "Enter" ? () => void onSave(value.trim()) : onCancel);
  }

  return (
    <input
      className="title-field"
      aria-label="Title"
      autoFocus
      defaultValue={title}
      maxLength={1000}
      onFocus={({ target }) => target.select()}
      onKeyDown={onKeyDown}
      onBlur={({ target }) => leave(() => void onSave(target.value.trim()))}
    />
  );
}
