/**
 * Bundles the command line to dist/: ESM with shared chunks, so that each command loads only what it uses.
 * Native addons stay outside and are found at run time from node_modules.
 */
import { readFile, readdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import Handlebars from "handlebars";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));

/** `readFileSync(new URL("./x.hbs", import.meta.url), "utf8")` becomes the text itself: the bundle is whole. */
const READ =
  /readFileSync\(\s*new URL\(\s*"(\.[^"]+\.(?:hbs|html|css|js))",\s*import\.meta\.url,?\s*\),\s*"utf8",?\s*\)/g;
/** `frr.compile(that, OPTIONS)` becomes what it compiles to: the compiler stays out of the bundle. */
const COMPILE = new RegExp(`frr\\.compile\\(\\s*${READ.source},\\s*OPTIONS,?\\s*\\)`, "g");
const options = JSON.parse(await readFile(join(root, "src/frr-templates/options.json"), "utf8"));
const inlineTemplates = {
  name: "inline-templates",
  setup(b) {
    b.onLoad({ filter: /[\\/]src[\\/](frr-templates|page)[\\/].*\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      const texts = new Map();
      for (const [, file] of source.matchAll(READ))
        texts.set(file, await readFile(join(dirname(path), file), "utf8"));
      const contents = source
        .replaceAll(
          COMPILE,
          (_, file) => `frr.template(${Handlebars.precompile(texts.get(file), options)})`,
        )
        .replaceAll(READ, (_, file) => JSON.stringify(texts.get(file)))
        .replace(/from "handlebars"/, 'from "handlebars/runtime.js"');
      return { contents, loader: "ts" };
    });
  },
};

const { metafile } = await build({
  entryPoints: { ferrolb: join(root, "src/cli/main.ts") },
  outdir: join(root, "dist"),
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  chunkNames: "chunk-[name]-[hash]",
  outExtension: { ".js": ".mjs" },
  loader: { ".hbs": "text" },
  alias: {
    // Loaded on demand: as CommonJS, a chunk of its own would have a default export alone.
    "@peculiar/x509": "@peculiar/x509/build/x509.es.js",
    // What we use of it: without clusters, gateways and tracing it takes 3 MB less.
    "@opentelemetry/api": join(root, "scripts/no-tracing.cjs"),
    "prom-client": join(root, "scripts/prom-client-parts.cjs"),
    "@sinclair/typebox": join(root, "scripts/typebox-parts.mjs"),
    "@sinclair/typebox/value": join(root, "scripts/typebox-value-parts.mjs"),
  },
  external: ["raw-socket", "*.node"],
  define: { FERROLB_VERSION: JSON.stringify(version) },
  // CommonJS packages inside an ESM bundle still ask for require.
  banner: {
    js: 'import { createRequire as ferrolbRequire } from "node:module"; const require = ferrolbRequire(import.meta.url);',
  },
  minifySyntax: true,
  // Sources are kept in memory. Names stay: a stack trace is to be read without the source map.
  minifyWhitespace: true,
  lineLimit: 160,
  sourcemap: "linked",
  sourcesContent: false,
  legalComments: "none",
  plugins: [inlineTemplates],
  metafile: true,
  logLevel: "warning",
});

// What an older build left goes only now: a daemon that runs from dist/ may still load its chunks meanwhile.
const built = new Set(Object.keys(metafile.outputs).map((name) => basename(name)));
for (const name of await readdir(join(root, "dist")))
  if (!built.has(name)) await rm(join(root, "dist", name), { recursive: true, force: true });

const outputs = Object.entries(metafile.outputs).filter(([name]) => name.endsWith(".mjs"));
const bytes = outputs.reduce((sum, [, { bytes: n }]) => sum + n, 0);
const entry = outputs.find(([name]) => basename(name) === "ferrolb.mjs");
console.log(
  `dist/: ${outputs.length} files, ${Math.round(bytes / 1024)} KiB, entry ${Math.round((entry?.[1].bytes ?? 0) / 1024)} KiB`,
);
