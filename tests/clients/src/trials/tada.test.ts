import assert from "node:assert/strict";
import { test } from "node:test";

import type { ResultOf } from "gql.tada";

import { graphql } from "../tada/graphql";
import { Titles, type TitlesVariables, titlesOf } from "../tada/titles";
import { ask, createSession, someone } from "./server";

/** What TypeScript must find, or `tsc` fails: the directives say that the next line is an error. */
export function wrong(read: ResultOf<typeof Titles>): unknown[] {
  // @ts-expect-error  a number is no order
  const order: TitlesVariables = { first: 1, order: 2 };
  // @ts-expect-error  `first` is needed
  const none: TitlesVariables = {};
  // @ts-expect-error  not asked for
  const user = read.sessions?.edges[0]?.node.user;
  // @ts-expect-error  sessions may be null
  const edges = read.sessions.edges;
  const query = graphql(`
    query {
      viewer {
        email
      }
    }
  `);
  // @ts-expect-error  there is no such field
  const email = ({} as ResultOf<typeof query>).viewer.email.length;
  return [order, none, user, edges, email];
}

test("what gql.tada infers from the schema is what comes", async () => {
  const user = someone("tada");
  await createSession(user, "typed");
  const variables: TitlesVariables = { first: 1, order: "CREATED_AT_DESC" };
  assert.deepEqual(titlesOf(await ask(user, Titles, variables)), ["typed"]);
});
