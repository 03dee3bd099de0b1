import type { ResultOf, VariablesOf } from "gql.tada";

import { graphql } from "./graphql";

export const Titles = graphql(`
  query Titles($first: Int!, $order: SessionOrder) {
    sessions(first: $first, orderBy: $order) {
      edges {
        node {
          id
          title
          createdAt
        }
      }
    }
  }
`);

export type TitlesVariables = VariablesOf<typeof Titles>;

export function titlesOf({ sessions }: ResultOf<typeof Titles>): (string | null)[] {
  return (sessions?.edges ?? []).map(({ node }) => node.title);
}
