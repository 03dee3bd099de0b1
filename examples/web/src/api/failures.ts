// What went wrong, in words for people.
import { CombinedGraphQLErrors } from "@apollo/client";

/** A mistake that a payload tells of; the server's own words are fit to be shown. */
interface UserError {
  message: string;
}

export class Refused extends Error {}

/** Give what a mutation's payload holds, or throw what its `errors` say. */
export function accepted<Payload extends { errors: readonly UserError[] }>(
  payload: Payload | null | undefined,
): Payload {
  if (!payload) throw new Refused("The server gave no answer.");
  if (payload.errors.length > 0) throw new Refused(payload.errors.map(({ message }) => message).join(" "));
  return payload;
}

export function wordsFor(error: unknown): string {
  if (CombinedGraphQLErrors.is(error)) return error.errors.map(({ message }) => message).join(" ");
  if (error instanceof Refused) return error.message;
  return "The server cannot be reached.";
}
