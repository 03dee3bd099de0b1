import { graphql } from "relay-runtime";

export const query = graphql`
  query MessagesQuery($session: ID!, $first: Int!) {
    session(id: $session) {
      ...Messages_session @arguments(first: $first)
    }
  }
`;

export const messages = graphql`
  fragment Messages_session on Session
  @argumentDefinitions(first: { type: "Int", defaultValue: 20 }, after: { type: "String" })
  @refetchable(queryName: "MessagesPageQuery") {
    messages(first: $first, after: $after) @connection(key: "Messages_messages") {
      __id
      edges {
        node {
          id
          text
        }
      }
      resumeCursor
    }
  }
`;

export const storeMessage = graphql`
  mutation MessagesStoreMutation($input: StoreMessageInput!, $connections: [ID!]!) {
    storeMessage(input: $input) {
      messageEdge @appendEdge(connections: $connections) {
        cursor
        node {
          id
          text
        }
      }
      errors {
        code
        message
      }
    }
  }
`;

export const messageStored = graphql`
  subscription MessagesStoredSubscription($session: ID!, $after: String, $connections: [ID!]!) {
    messageStored(sessionId: $session, after: $after) {
      messageEdge @appendEdge(connections: $connections) {
        cursor
        node {
          id
          text
        }
      }
      resumeCursor
    }
  }
`;
