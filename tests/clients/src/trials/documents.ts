/** What the trials ask besides. */
import { graphql } from "../generated/gql";

export const Encoding = graphql(`
  query Encoding($session: ID!) {
    session(id: $session) {
      id
      tokenCounts {
        encoding
      }
    }
  }
`);

export const Parts = graphql(`
  query Parts($session: ID!) {
    session(id: $session) {
      id
      messages(first: 100) {
        edges {
          cursor
          node {
            id
            parts {
              id
              ... on TextPart {
                text
              }
              ... on ToolCallPart {
                name
                argumentsText
                result {
                  id
                  text
                }
              }
              ... on MediaPart {
                kind
                filename
                mimeType
                publicUrl {
                  url
                  expiresAt
                }
              }
            }
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
        formatted(as: OPENAI) {
          messages
          warnings {
            code
            message
          }
        }
      }
      blanked: messages(first: 100, editStrategy: { removeToolCallParams: { keepRecentNToolCalls: 0 } }) {
        edges {
          cursor
          node {
            id
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
        edits {
          tokensBefore
          tokensAfter
          changedIds
        }
      }
      files(first: 100) {
        directories {
          path
          name
        }
        edges {
          cursor
          node {
            id
            path
            publicUrl {
              url
              expiresAt
            }
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
        code
        message
        path
      }
    }
  }
`);

export const UploadFile = graphql(`
  mutation UploadFile($input: UploadFileInput!) {
    uploadFile(input: $input) {
      file {
        id
        path
        size
        publicUrl {
          url
        }
      }
      errors {
        code
        message
        path
      }
    }
  }
`);
