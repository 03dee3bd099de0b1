import "@fontsource-variable/inter";
import "@fontsource-variable/jetbrains-mono";
import "./styles/tokens.css";
import "./styles/page.css";
import "./styles/sessions.css";
import "./styles/conversation.css";
import "./styles/context.css";
import "./styles/files.css";

import { ApolloProvider } from "@apollo/client/react";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { client } from "./api/client";
import { App } from "./App";
import { applyTheme } from "./shell/theme";

applyTheme();
createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <ApolloProvider client={client}>
      <App />
    </ApolloProvider>
  </StrictMode>,
);
