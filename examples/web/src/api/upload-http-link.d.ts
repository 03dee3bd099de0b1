// apollo-upload-client has its types in comments of JavaScript, which TypeScript does not read from packages.
declare module "apollo-upload-client/UploadHttpLink.mjs" {
  import { ApolloLink, type HttpLink } from "@apollo/client";

  export default class UploadHttpLink extends ApolloLink {
    constructor(options: Pick<HttpLink.Options, "uri" | "headers" | "credentials" | "fetch">);
  }
}
