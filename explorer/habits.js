// What the explorer does beside what GraphiQL does: components that show nothing.
import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useEffect, useRef } from 'react';

/** The page follows the system's colours by its style; the editors are told by the script, once, unless told again. */
export function FollowSystem() {
  const theme = useGraphiQL((state) => state.theme);
  const { setTheme } = useGraphiQLActions();
  useEffect(() => {
    if (theme !== null) return; // one was chosen in the settings
    const system = matchMedia('(prefers-color-scheme: dark)');
    const follow = () => setTheme(null);
    system.addEventListener('change', follow);
    return () => system.removeEventListener('change', follow);
  }, [theme, setTheme]);
}

/** Long lines go on below, as those of the answer do: a narrow editor hides nothing. */
export function WrapLines() {
  const editor = useGraphiQL((state) => state.queryEditor);
  useEffect(() => {
    editor?.updateOptions({ wordWrap: 'on', wrappingIndent: 'indent' });
  }, [editor]);
}

/** Without a token the schema could not be read: it is asked for again when something was run, which may have had one. */
export function ReadSchemaAgain() {
  const isMissing = useGraphiQL((state) => !state.schema);
  const isRunning = useGraphiQL((state) => state.isFetching);
  const { introspect } = useGraphiQLActions();
  const hasRun = useRef(false);
  useEffect(() => {
    if (hasRun.current && !isRunning && isMissing) void introspect();
    hasRun.current = isRunning;
  }, [isRunning, isMissing, introspect]);
}
