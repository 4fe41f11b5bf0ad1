import type { NodeBgp } from "../bgp/model.ts";
import { profileView } from "../bfd/profile.ts";
import { templates } from "./templates.ts";
import { viewFor } from "./view.ts";

/**
 * frr.conf of one node, in FRR's own spelling and order inside blocks. With no session and no profile it
 * holds logging and next-hop tracking only.
 * @throws AppError `ERR_UNSAFE_TOKEN` for a value that is not one FRR token
 */
export function renderFrr(node: NodeBgp): string {
  const view = viewFor(node);
  const parts = [
    templates.logging(view.logging),
    ...(node.instances.length > 0 ? [templates.bgpProcess({})] : []),
    templates.routeMaps(view.routeMaps),
    ...view.instances.map((i) => templates.router(i)),
  ];
  if (node.bfdProfiles.length > 0)
    parts.push(templates.bfd({ profiles: node.bfdProfiles.map(profileView) }));
  return parts.join("") + extrasBlock(node.extras);
}

/** Verbatim at the end, as MetalLB appends it; whatever context it leaves open ends with the file. */
const extrasBlock = (extras: string | null): string =>
  extras === null || extras.trim() === "" ? "" : `!\n${extras.replace(/\n*$/, "\n")}`;
