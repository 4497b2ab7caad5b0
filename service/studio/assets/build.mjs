/* Builds the editor into ../static, as one file without source map, with the licences of everything in it beside it. */
import { build } from "esbuild";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";

const made = await build({
  entryPoints: ["editor.mjs"],
  outfile: "../static/editor.js",
  bundle: true,
  minify: true,
  format: "iife",
  target: ["chrome123", "firefox120", "safari17.5"],
  legalComments: "none",
  metafile: true,
  banner: { js: "/* CodeMirror 6 with the studio's editor. Sources: service/studio/assets. Licences: editor.LICENSE.txt */" },
});

const names = new Set();
for (const path of Object.keys(made.metafile.inputs)) {
  const found = path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//);
  if (found) names.add(found[1]);
}
const texts = [...names].sort().map((name) => {
  const folder = `node_modules/${name}`;
  const { version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  const text = file && existsSync(`${folder}/${file}`) ? readFileSync(`${folder}/${file}`, "utf8").trim() : license;
  return `${name} ${version}\n\n${text}\n`;
});
writeFileSync("../static/editor.LICENSE.txt", texts.join(`\n${"-".repeat(78)}\n\n`));
