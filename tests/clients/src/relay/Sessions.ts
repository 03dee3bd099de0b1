import { graphql } from "relay-runtime";

export const query = graphql`
  query SessionsQuery($first: Int!) {
    viewer {
      ...Sessions_user @arguments(first: $first)
    }
  }
`;

export const sessions = graphql`
  fragment Sessions_user on User
  @argumentDefinitions(first: { type: "Int", defaultValue: 20 }, after: { type: "String" })
  @refetchable(queryName: "SessionsPageQuery") {
    sessions(first: $first, after: $after) @connection(key: "Sessions_sessions") {
      __id
      edges {
        node {
          id
          title
        }
      }
    }
  }
`;

export const createSession = graphql`
  mutation SessionsCreateMutation($input: CreateSessionInput!, $connections: [ID!]!) {
    createSession(input: $input) {
      sessionEdge @prependEdge(connections: $connections) {
        cursor
        node {
          id
          title
        }
      }
      errors {
        code
        message
      }
    }
  }
`;

export const deleteSession = graphql`
  mutation SessionsDeleteMutation($input: DeleteSessionInput!, $connections: [ID!]!) {
    deleteSession(input: $input) {
      deletedSessionId @deleteEdge(connections: $connections)
      gone: deletedSessionId @deleteRecord
      errors {
        code
        message
      }
    }
  }
`;
