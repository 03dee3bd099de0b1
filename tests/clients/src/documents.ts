import { graphql } from "./generated/gql";

export const SessionRow = graphql(`
  fragment SessionRow on Session {
    id
    title
    createdAt
  }
`);

export const MessageRow = graphql(`
  fragment MessageRow on Message {
    id
    role
    text
    idempotencyKey
    createdAt
  }
`);

export const Sessions = graphql(`
  query Sessions($first: Int!, $after: String) {
    viewer {
      id
      sessions(first: $first, after: $after) {
        edges {
          cursor
          node {
            ...SessionRow
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`);

export const Conversation = graphql(`
  query Conversation($session: ID!, $last: Int!, $before: String, $edits: [EditStrategyInput!]) {
    session(id: $session) {
      id
      tokenCounts {
        total
      }
      messages(last: $last, before: $before, editStrategy: $edits) {
        edges {
          cursor
          node {
            ...MessageRow
          }
        }
        pageInfo {
          hasPreviousPage
          startCursor
          hasNextPage
          endCursor
        }
        resumeCursor
      }
    }
  }
`);

export const DeleteSession = graphql(`
  mutation DeleteSession($input: DeleteSessionInput!) {
    deleteSession(input: $input) {
      deletedSessionId
      errors {
        code
        message
        path
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
      replayed
      errors {
        code
        message
        path
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
      resumeCursor
    }
  }
`);
