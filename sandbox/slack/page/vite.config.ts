import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [react()],
  build: { chunkSizeWarningLimit: 3000 },
  server: { proxy: { "/sandbox": "http://127.0.0.1:3000", "/files-pri": "http://127.0.0.1:3000" } },
});
