// Who asks. A server without settings believes the header `X-User` and else takes its default user; where callers bring
// tokens, give `authorization: Bearer …` here: the socket sends the same as `connectionParams`.
export function identity(): Record<string, string> {
  const user: unknown = import.meta.env.VITE_USER;
  return typeof user === "string" && user ? { "X-User": user } : {};
}
