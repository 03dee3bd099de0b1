// The end of a page: loads the next one when it comes into view, or by a press.
import { useEffect, useEffectEvent, useRef, useState } from "react";

import { wordsFor } from "../api/failures";
import { Notice } from "./Notice";

interface Props {
  label: string;
  load: () => Promise<unknown>;
}

export function LoadMore({ label, load }: Props) {
  const button = useRef<HTMLButtonElement>(null);
  const [loading, setLoading] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);

  async function run() {
    if (loading) return;
    setLoading(true);
    setFailure(null);
    try {
      await load();
    } catch (error) {
      setFailure(wordsFor(error));
    } finally {
      setLoading(false);
    }
  }
  const seen = useEffectEvent(() => void (failure === null && run()));

  useEffect(() => {
    if (!button.current) return;
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && seen());
    observer.observe(button.current);
    return () => observer.disconnect();
  }, [loading]); // observed anew after each page, which may leave the button in view

  return (
    <div className="more">
      {failure && <Notice>{failure}</Notice>}
      <button ref={button} type="button" className="quiet" aria-disabled={loading} onClick={() => void run()}>
        {loading ? "Loading…" : label}
      </button>
    </div>
  );
}
