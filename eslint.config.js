// What the scripts are checked for, beside their types: mistakes, and the house's ceilings.

import js from "@eslint/js";
import globals from "globals";

const SCRIPTS = ["*/static/**/*.js"];
const WORKER = ["absences/static/absences/service-worker.js"];
const TESTS = ["absences/tests/javascript/**/*.js"];

export default [
  { ignores: [".venv/", "var/", "node_modules/"] },
  js.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      complexity: ["error", 12],
      "max-lines": ["error", 300],
      "max-lines-per-function": ["error", 45],
      eqeqeq: "error",
      "no-shadow": "error",
      "no-var": "error",
      "prefer-const": "error",
    },
  },
  { files: SCRIPTS, ignores: WORKER, languageOptions: { globals: globals.browser } },
  { files: WORKER, languageOptions: { sourceType: "script", globals: globals.serviceworker } },
  { files: TESTS, languageOptions: { globals: globals.nodeBuiltin } },
];
