/** Every line that frr.conf may hold, and where: written from the design, not from the templates. */
const T = "[!-~]+";
const N = "\\d{1,10}";
const V4 = "\\d{1,3}(?:\\.\\d{1,3}){3}";
const IP = `(?:${V4}|[0-9a-f:.]*:[0-9a-f:.]*)`;
// Interfaces and VRFs may be called anything that Linux takes: one word of visible characters, which FRR reads as one.
const PEER = `(?:${IP}|[!-~]{1,15})`;
const NAME = "ferrolb-[!-~]+";

const SHAPES: Readonly<Record<string, readonly string[]>> = {
  top: [
    "!",
    "log stdout [a-z]+",
    "log timestamp precision 3",
    "debug (?:zebra|bgp|bfd)[a-z -]*",
    `hostname ${T}`,
    "bgp route-map delay-timer 1",
    "ip nht resolve-via-default",
    "ipv6 nht resolve-via-default",
  ],
  bfd: ["!", ` profile ${T}`, " !", "exit"],
  profile: [
    `  detect-multiplier ${N}`,
    `  transmit-interval ${N}`,
    `  receive-interval ${N}`,
    "  passive-mode",
    "  echo-mode",
    `  echo transmit-interval ${N}`,
    `  echo receive-interval ${N}`,
    `  minimum-ttl ${N}`,
  ],
  "route-map": [
    ` set tag ${N}`,
    ` match tag ${N}`,
    ` set community (?:(?:${N}:${N}|[a-z-]+) )+additive`,
    ` set large-community (?:${N}:${N}:${N} )+additive`,
    ` set local-preference ${N}`,
  ],
  router: [
    ` bgp router-id ${V4}`,
    " no bgp ebgp-requires-policy",
    " no bgp default ipv4-unicast",
    " coalesce-time 0",
    " bgp graceful-restart preserve-fw-state",
    " no bgp network import-check",
    ` neighbor ${PEER}(?: interface)? remote-as (?:${N}|internal|external)`,
    ` neighbor ${PEER} local-as ${N} no-prepend replace-as`,
    ` neighbor ${PEER} bfd profile ${T}`,
    ` neighbor ${PEER} bfd`,
    ` neighbor ${PEER} password ${T}`,
    ` neighbor ${PEER} port ${N}`,
    ` neighbor ${PEER} ebgp-multihop 255`,
    ` neighbor ${PEER} disable-connected-check`,
    ` neighbor ${PEER} update-source ${IP}`,
    ` neighbor ${PEER} timers ${N} ${N}`,
    ` neighbor ${PEER} timers connect ${N}`,
    ` neighbor ${PEER} graceful-restart`,
    " !",
  ],
  "address-family": [
    `  network ${IP}/\\d{1,3} route-map ferrolb-class-${N}`,
    `  neighbor ${PEER} activate`,
    `  neighbor ${PEER} route-map ${NAME} (?:in|out)`,
  ],
};
const OPENS: readonly (readonly [above: string, line: string, opens: string])[] = [
  ["top", "bfd", "bfd"],
  ["bfd", ` profile ${T}`, "profile"],
  ["top", `route-map (?:ferrolb-class-${N}|${NAME}) (?:permit|deny) ${N}`, "route-map"],
  ["top", `router bgp ${N}(?: vrf ${T})?`, "router"],
  ["router", " address-family ipv[46] unicast", "address-family"],
];
const CLOSES: Readonly<Record<string, readonly [line: string, to: string]>> = {
  bfd: ["exit", "top"],
  profile: [" exit", "bfd"],
  "route-map": ["exit", "top"],
  router: ["exit", "top"],
  "address-family": [" exit-address-family", "router"],
};
const whole = (shape: string): RegExp => new RegExp(`^${shape}$`);
const KNOWN = new Map(Object.entries(SHAPES).map(([at, list]) => [at, list.map(whole)]));
const OPENING = OPENS.map(([above, line, opens]) => [above, whole(line), opens] as const);

/** Lines that have no business where they stand; empty: all is as designed. */
export function strangeLines(conf: string): readonly string[] {
  const strange: string[] = [];
  let at = "top";
  for (const line of conf.replace(/\n$/, "").split("\n")) {
    const opened = OPENING.find(([above, shape]) => above === at && shape.test(line));
    const closing = CLOSES[at];
    if (opened !== undefined) at = opened[2];
    else if (closing?.[0] === line) at = closing[1];
    else if (!(KNOWN.get(at) ?? []).some((shape) => shape.test(line)))
      strange.push(`${at}: ${JSON.stringify(line)}`);
  }
  return at === "top" ? strange : [...strange, `${at} is left open`];
}
