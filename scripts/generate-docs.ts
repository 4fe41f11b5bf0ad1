/**
 * Writes docs/configuration.md from the resource definitions in deploy/kustomize/crds, which come from the schemas in
 * src/api/schema. `npm run generate:docs`; a test holds the page to them.
 */
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { parseAllDocuments } from "yaml";

interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}
interface Definition {
  readonly kind: string;
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly {
      readonly name: string;
      readonly storage: boolean;
      readonly schema: { readonly openAPIV3Schema: Schema };
    }[];
  };
}

const DIR = "deploy/kustomize/crds";
export const PAGE = "docs/configuration.md";
const INTRO = `# Configuration reference

Every field of every resource that FerroLB reads. This page is generated from the schemas (\`npm run generate:docs\`);
\`ferrolb validate -f DIR\` checks manifests against them and against the rules between objects.
`;

const cell = (text: string): string =>
  text.replaceAll(/\s+/g, " ").replaceAll("|", "\\|").replaceAll("<", "&lt;").trim();

function limits({ default: preset, enum: choices, minimum, maximum, pattern }: Schema): string {
  return [
    ...(preset === undefined ? [] : [`default \`${JSON.stringify(preset)}\``]),
    ...(choices === undefined
      ? []
      : [`one of ${choices.map((c) => `\`${String(c)}\``).join(", ")}`]),
    ...(minimum === undefined ? [] : [`at least ${minimum}`]),
    ...(maximum === undefined ? [] : [`at most ${maximum}`]),
    ...(pattern === undefined ? [] : [`matches \`${pattern.replaceAll("|", "\\|")}\``]),
  ].join("; ");
}

function rows(schema: Schema, path: string): readonly string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const list = field.type === "array";
    const inner = list ? (field.items ?? {}) : field;
    const at = `${path}${name}${list ? "[]" : ""}`;
    const type = list ? `list of ${inner.type ?? "any"}` : (field.type ?? "any");
    const needed = schema.required?.includes(name) === true ? "required" : "";
    const row = `| \`${at}\` | ${type} | ${[needed, limits(field)].filter(Boolean).join("; ")} | ${cell(field.description ?? "")} |`;
    return [row, ...rows(inner, `${at}.`)];
  });
}

export function configurationPage(): string {
  const definitions = readdirSync(DIR)
    .filter((file) => file.includes("io_"))
    .sort()
    .flatMap((file) => parseAllDocuments(readFileSync(`${DIR}/${file}`, "utf8")))
    .map((document) => document.toJS() as Definition)
    .filter((d) => d.kind === "CustomResourceDefinition");
  const sections = definitions.flatMap(({ spec }) =>
    spec.versions.map(({ name, schema, storage }) => {
      const { spec: own, status } = schema.openAPIV3Schema.properties ?? {};
      const part = (title: string, s: Schema | undefined): string =>
        s?.properties === undefined
          ? ""
          : `\n| ${title} | type | limits | meaning |\n| --- | --- | --- | --- |\n${rows(s, "").join("\n")}\n`;
      const text = cell(schema.openAPIV3Schema.description ?? "");
      const title = `## ${spec.names.kind} (${spec.group}/${name}${storage ? "" : ", converted"})`;
      return `${title}\n${text === "" ? "" : `\n${text}\n`}${part("spec", own)}${part("status", status)}`;
    }),
  );
  return `${INTRO}\n${sections.join("\n")}`;
}

if (process.argv[1]?.endsWith("generate-docs.ts") === true)
  writeFileSync(PAGE, configurationPage());
