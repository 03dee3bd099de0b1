import { graphql } from "../generated/gql";

export const FileRow = graphql(`
  fragment FileRow on File {
    id
    path
    filename
    mimeType
    size
    updatedAt
  }
`);

export const Files = graphql(`
  query Files($session: ID!, $path: String!, $after: String) {
    session(id: $session) {
      id
      files(path: $path, first: 100, after: $after) {
        edges {
          cursor
          node {
            ...FileRow
          }
        }
        directories {
          path
          name
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`);

export const FileLink = graphql(`
  query FileLink($id: ID!) {
    node(id: $id) {
      id
      ... on File {
        publicUrl {
          url
        }
      }
    }
  }
`);

export const UploadFile = graphql(`
  mutation UploadFile($input: UploadFileInput!) {
    uploadFile(input: $input) {
      file {
        ...FileRow
      }
      errors {
        message
      }
    }
  }
`);

export const DeleteFile = graphql(`
  mutation DeleteFile($input: DeleteFileInput!) {
    deleteFile(input: $input) {
      deletedFileId
      errors {
        message
      }
    }
  }
`);
