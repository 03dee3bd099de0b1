// Tells of what did not work, and offers to try again.
interface Props {
  children: React.ReactNode;
  action?: string;
  onAction?: () => void;
}

export function Notice({ children, action = "Try again", onAction }: Props) {
  return (
    <div className="notice" role="alert">
      <p>{children}</p>
      {onAction && (
        <button type="button" className="quiet" onClick={onAction}>
          {action}
        </button>
      )}
    </div>
  );
}
