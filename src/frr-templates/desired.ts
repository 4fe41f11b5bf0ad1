/** frr.conf of a node with the way back from each line to the objects behind it. */
import type { Desired } from "../api/frr-desired.ts";
import type { ObjectRef } from "../api/objects.ts";
import type { NodeBgp } from "../bgp/model.ts";
import { originsIn } from "../bgp/origin.ts";
import { onceFor } from "../runtime/steady.ts";
import { renderFrr } from "./render.ts";

/** ConfigMap that holds extra configuration. */
export const EXTRAS_NAME = "bgpextras";

const linesOf = (text: string): Set<string> =>
  new Set(
    text
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "" && !line.startsWith("!")),
  );

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}

/**
 * The same for the same model. A line that only the extra configuration holds is the ConfigMap's, whatever context it stands in.
 * @throws AppError `ERR_UNSAFE_TOKEN` as `renderFrr`
 */
export const desiredFor = onceFor((node: NodeBgp): Desired => {
  // Asked only where FRR refused something: all of it is as much work as the text itself.
  const ways = once(() => ({
    own: linesOf(renderFrr({ ...node, extras: null })),
    extra: linesOf(node.extras ?? ""),
    ofObjects: originsIn(node),
  }));
  const configMap: ObjectRef = {
    kind: "ConfigMap",
    namespace: node.namespace,
    name: EXTRAS_NAME,
  };
  const bare = (line: string): string => line.trim().replace(/^no /, "");
  return {
    text: renderFrr(node),
    originOf(path) {
      const { own, extra, ofObjects } = ways();
      const line = path.at(-1)?.trim() ?? "";
      const forms = [line, bare(line), `no ${line}`];
      if (forms.some((f) => extra.has(f)) && !forms.some((f) => own.has(f))) return [configMap];
      return ofObjects(path);
    },
  };
});
