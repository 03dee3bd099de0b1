import { graphql } from "../generated/gql";

export const MessageRow = graphql(`
  fragment MessageRow on Message {
    id
    role
    idempotencyKey
    createdAt
    parts {
      id
      ... on TextPart {
        text
      }
      ... on ThinkingPart {
        text
        redacted
      }
      ... on ToolCallPart {
        callId
        name
        argumentsText
      }
      ... on ToolResultPart {
        callId
        text
        isError
      }
      ... on MediaPart {
        kind
        filename
        mimeType
        size
      }
      ... on DataPart {
        dataType
      }
      ... on UnknownPart {
        partType
      }
    }
  }
`);

export const Conversation = graphql(`
  query Conversation($session: ID!) {
    session(id: $session) {
      id
      messages(last: 30) {
        edges {
          cursor
          node {
            ...MessageRow
          }
        }
        pageInfo {
          hasPreviousPage
          startCursor
        }
        resumeCursor
      }
    }
  }
`);

export const Earlier = graphql(`
  query Earlier($session: ID!, $before: String!) {
    session(id: $session) {
      id
      messages(last: 30, before: $before) {
        edges {
          cursor
          node {
            ...MessageRow
          }
        }
        pageInfo {
          hasPreviousPage
          startCursor
        }
      }
    }
  }
`);

export const StoreMessage = graphql(`
  mutation StoreMessage($input: StoreMessageInput!) {
    storeMessage(input: $input) {
      messageEdge {
        cursor
        node {
          ...MessageRow
        }
      }
      errors {
        message
      }
    }
  }
`);

export const MessageStored = graphql(`
  subscription MessageStored($session: ID!, $after: String) {
    messageStored(sessionId: $session, after: $after) {
      messageEdge {
        cursor
        node {
          ...MessageRow
        }
      }
      session {
        ...SessionRow
      }
      resumeCursor
    }
  }
`);
