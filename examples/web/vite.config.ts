// Serves the page and hands `/graphql`, sockets too, to the API: one origin, so that nothing has to be allowed there.
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const proxy = { "/graphql": { target: process.env.GQL_API_URL ?? "http://127.0.0.1:8000", ws: true } };

export default defineConfig({
  plugins: [react()],
  server: { proxy },
  preview: { proxy },
});
