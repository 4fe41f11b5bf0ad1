/** frr.conf of a node with the way back from each line to the objects behind it. */
import type { Desired } from "../api/frr-desired.ts";
import type { ObjectRef } from "../api/objects.ts";
import type { NodeBgp } from "../bgp/model.ts";
import { originsIn } from "../bgp/origin.ts";
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

/**
 * A line that only the extra configuration holds is the ConfigMap's, whatever context it stands in.
 * @throws AppError `ERR_UNSAFE_TOKEN` as `renderFrr`
 */
export function desiredFor(node: NodeBgp): Desired {
  const own = linesOf(renderFrr({ ...node, extras: null }));
  const extra = linesOf(node.extras ?? "");
  const ofObjects = originsIn(node);
  const configMap: ObjectRef = {
    kind: "ConfigMap",
    namespace: node.namespace,
    name: EXTRAS_NAME,
  };
  const bare = (line: string): string => line.trim().replace(/^no /, "");
  return {
    text: renderFrr(node),
    originOf(path) {
      const line = path.at(-1)?.trim() ?? "";
      const forms = [line, bare(line), `no ${line}`];
      if (forms.some((f) => extra.has(f)) && !forms.some((f) => own.has(f))) return [configMap];
      return ofObjects(path);
    },
  };
}
