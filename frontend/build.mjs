/**
 * Builds both shells around the drawing into the package.
 *
 * `zen_nb/static` gets what anywidget loads; `zen_nb/labextension` is a prebuilt extension of
 * JupyterLab: a container script with its content's hash in its name, its style beside it, and
 * the `package.json` from which the server learns what to load.
 */

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { build } from "esbuild";

const PACKAGE = "../zen_nb";
const STATIC = `${PACKAGE}/static`;
const LAB = `${PACKAGE}/labextension`;
const shared = {
  bundle: true,
  minify: true,
  target: "es2021",
  charset: "utf8",
  legalComments: "inline",
  logLevel: "warning",
};

await build({
  ...shared,
  entryPoints: ["src/widget.ts", "src/widget.css"],
  format: "esm",
  outdir: STATIC,
});

rmSync(LAB, { recursive: true, force: true });
const result = await build({
  ...shared,
  entryPoints: { remoteEntry: "src/lab/index.ts" },
  format: "iife",
  outdir: `${LAB}/static`,
  entryNames: "[name].[hash]",
  metafile: true,
});
const script = Object.keys(result.metafile.outputs).find((path) => path.endsWith(".js"));
const stem = basename(script, ".js");
await build({
  ...shared,
  entryPoints: { [stem]: "src/lab/panel.css" },
  outdir: `${LAB}/static`,
});
const { version, description, license } = JSON.parse(readFileSync("package.json", "utf8"));
const manifest = {
  name: "zen-nb",
  version,
  description,
  license,
  jupyterlab: {
    extension: true,
    outputDir: "../zen_nb/labextension",
    _build: { load: `static/${stem}.js`, extension: "./extension" },
  },
};
mkdirSync(LAB, { recursive: true });
writeFileSync(`${LAB}/package.json`, `${JSON.stringify(manifest, null, 2)}\n`);
const installer = { packageManager: "python", packageName: "zen_nb", uninstallInstructions: "pip uninstall zen_nb" };
writeFileSync(`${LAB}/install.json`, `${JSON.stringify(installer, null, 2)}\n`);
