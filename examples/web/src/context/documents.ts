import { graphql } from "../generated/gql";

export const EditedView = graphql(`
  fragment EditedView on MessageConnection {
    tokenCount
    nodes {
      id
      role
      text
      toolCalls {
        name
        argumentsText
      }
      toolResults {
        text
      }
    }
  }
`);

export const Preview = graphql(`
  query Preview($session: ID!, $left: [EditStrategyInput!]!, $right: [EditStrategyInput!]!) {
    session(id: $session) {
      id
      stored: messages {
        ...EditedView
      }
      left: messages(editStrategy: $left) {
        ...EditedView
      }
      right: messages(editStrategy: $right) {
        ...EditedView
      }
    }
  }
`);
