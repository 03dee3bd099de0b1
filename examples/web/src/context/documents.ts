import { graphql } from "../generated/gql";

export const MessageContent = graphql(`
  fragment MessageContent on Message {
    id
    role
    text
    tokenCount
    toolCalls {
      name
      argumentsText
    }
    toolResults {
      text
    }
  }
`);

export const EditedView = graphql(`
  fragment EditedView on MessageConnection {
    tokenCount
    edits {
      tokensBefore
      removedIds
      changedIds
    }
    nodes {
      ...MessageContent
    }
  }
`);

export const Preview = graphql(`
  query Preview($session: ID!, $left: [EditStrategyInput!]!, $right: [EditStrategyInput!]!) {
    session(id: $session) {
      id
      messages {
        nodes {
          ...MessageContent
        }
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
