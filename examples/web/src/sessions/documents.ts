import { graphql } from "../generated/gql";

export const SessionRow = graphql(`
  fragment SessionRow on Session {
    id
    title
    createdAt
  }
`);

export const Sessions = graphql(`
  query Sessions($after: String) {
    sessions(first: 25, after: $after) {
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
`);

export const CreateSession = graphql(`
  mutation CreateSession($input: CreateSessionInput!) {
    createSession(input: $input) {
      sessionEdge {
        cursor
        node {
          ...SessionRow
        }
      }
      errors {
        message
      }
    }
  }
`);

export const RenameSession = graphql(`
  mutation RenameSession($input: UpdateSessionInput!) {
    updateSession(input: $input) {
      session {
        ...SessionRow
      }
      errors {
        message
      }
    }
  }
`);

export const DeleteSession = graphql(`
  mutation DeleteSession($input: DeleteSessionInput!) {
    deleteSession(input: $input) {
      deletedSessionId
      errors {
        message
      }
    }
  }
`);

export const SessionListChanged = graphql(`
  subscription SessionListChanged {
    sessionListChanged {
      kind
      sessionEdge {
        cursor
        node {
          ...SessionRow
        }
      }
      deletedSessionId
    }
  }
`);

export const OpenSession = graphql(`
  query OpenSession($id: ID!) {
    session(id: $id) {
      ...SessionRow
    }
  }
`);
