import { graphql } from "../generated/gql";

export const SessionRow = graphql(`
  fragment SessionRow on Session {
    id
    title
    displayTitle
    createdAt
    lastActivityAt
    pinnedAt
    archivedAt
  }
`);

export const Sessions = graphql(`
  query Sessions($archived: Boolean!) {
    pinned: sessions(first: 100, filter: { archived: $archived, pinned: true }, orderBy: LAST_ACTIVITY_DESC) {
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
    sessions(first: 25, filter: { archived: $archived }, orderBy: LAST_ACTIVITY_DESC) {
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

export const MoreSessions = graphql(`
  query MoreSessions($archived: Boolean!, $after: String!) {
    sessions(first: 25, after: $after, filter: { archived: $archived }, orderBy: LAST_ACTIVITY_DESC) {
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

export const UpdateSession = graphql(`
  mutation UpdateSession($input: UpdateSessionInput!) {
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
    sessionListChanged(activity: true) {
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
