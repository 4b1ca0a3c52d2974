import js from "@eslint/js";
import { defineConfig } from "eslint/config";
import ts from "typescript-eslint";

export default defineConfig(
  { files: ["src/**/*.ts", "tests/**/*.ts"], extends: [js.configs.recommended, ts.configs.strictTypeChecked] },
  {
    files: ["src/**/*.ts", "tests/**/*.ts"],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      // All text is set as text: these are the doors by which a name could become markup.
      "no-restricted-properties": [
        "error",
        { property: "innerHTML", message: "set text as text" },
        { property: "outerHTML", message: "set text as text" },
        { property: "insertAdjacentHTML", message: "set text as text" },
        { object: "document", property: "write", message: "set text as text" },
      ],
    },
  },
);
