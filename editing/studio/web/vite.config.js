// The page is one script and one style sheet, served by editing/studio/server.py from ../page.
export default {
  base: "./",
  build: {
    license: { fileName: "licences.md" }, outDir: "../page", emptyOutDir: true, assetsInlineLimit: 0, modulePreload: false,
    rolldownOptions: { output: { entryFileNames: "studio.js", assetFileNames: "studio[extname]", codeSplitting: false } },
  },
};
