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
  const profiles = node.bfdProfiles.map(profileView);
  const parts = [
    templates.logging(view.logging),
    ...(node.instances.length > 0 ? [templates.bgpProcess({})] : []),
    // First what is referred to: a session that begins before its profile is there sends by FRR's defaults.
    ...(profiles.length > 0 ? [templates.bfd({ profiles })] : []),
    templates.routeMaps(view.routeMaps),
    ...view.instances.map((i) => templates.router(i)),
  ];
  return parts.join("") + extrasBlock(node.extras);
}

/** Verbatim at the end, as MetalLB appends it; whatever context it leaves open ends with the file. */
const extrasBlock = (extras: string | null): string =>
  extras === null || extras.trim() === "" ? "" : `!\n${extras.replace(/\n*$/, "\n")}`;
