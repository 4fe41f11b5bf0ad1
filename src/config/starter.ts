/** A first configuration from a few answers: a pool, how it is announced, and nothing else. Pure. */
import { AppError } from "../errors.ts";
import type { KubeObject } from "../api/objects.ts";
import { familyOf, tryParseIp } from "../net/ip.ts";
import { parsePrefix, prefixText, prefixesOverlap } from "../net/prefix.ts";
import type { Prefix } from "../net/prefix.ts";
import { parseRange } from "../net/range.ts";

export interface StarterPeer {
  readonly address: string;
  readonly myAsn: number;
  readonly peerAsn: number;
}

export interface StarterOptions {
  /** `192.0.2.10-192.0.2.50,203.0.113.0/24`: ranges, prefixes or single addresses. */
  readonly range: string;
  readonly namespace: string;
  /** Of the pool; advertisements are named after it. */
  readonly name: string;
  /** Announce by ARP and NDP. */
  readonly layer2: boolean;
  /** Only on these interfaces; empty: on all. */
  readonly interfaces: readonly string[];
  /** Announce to these routers. */
  readonly peers: readonly StarterPeer[];
}

/** RFC 6890 and RFC 4291: nothing there can be the address of a Service. */
const NEVER: readonly (readonly [prefix: string, what: string])[] = [
  ["0.0.0.0/8", "this network"],
  ["127.0.0.0/8", "loopback"],
  ["169.254.0.0/16", "link-local"],
  ["224.0.0.0/4", "multicast"],
  ["240.0.0.0/4", "reserved"],
  ["::/127", "unspecified and loopback"],
  ["fe80::/10", "link-local"],
  ["ff00::/8", "multicast"],
];

const refuse = (why: string): never => {
  throw new AppError("ERR_USAGE", why);
};

const prefixesOf = (text: string): readonly Prefix[] =>
  text.includes("-") ? parseRange(text) : [parsePrefix(text)];

/** One part of `--range`, as a pool writes it. */
function partOf(text: string): { readonly written: string; readonly prefixes: readonly Prefix[] } {
  const ip = tryParseIp(text);
  const written = ip === null ? text : `${ip}/${familyOf(ip) === 4 ? 32 : 128}`;
  let prefixes: readonly Prefix[];
  try {
    prefixes = prefixesOf(written);
  } catch {
    return refuse(
      `--range: ${JSON.stringify(text)} is no range: write FIRST-LAST, a CIDR prefix or one address`,
    );
  }
  for (const prefix of prefixes)
    for (const [never, what] of NEVER)
      if (prefixesOverlap(prefix, parsePrefix(never)))
        refuse(`--range: ${text} holds addresses of ${never} (${what}), which no Service can have`);
  return { written, prefixes };
}

function addressesOf(range: string): readonly string[] {
  const texts = range
    .split(",")
    .map((text) => text.trim())
    .filter(Boolean);
  if (texts.length === 0) refuse("--range: name at least one range");
  const parts = texts.map(partOf);
  parts.forEach((part, i) => {
    for (const before of parts.slice(0, i))
      for (const a of part.prefixes)
        for (const b of before.prefixes)
          if (prefixesOverlap(a, b))
            refuse(`--range: ${part.written} overlaps ${before.written} at ${prefixText(a)}`);
  });
  return parts.map((part) => part.written);
}

/** @throws AppError `ERR_USAGE` for what would be refused, or could never work */
export function starterFor(options: StarterOptions): readonly KubeObject[] {
  const { name, namespace, layer2, interfaces, peers } = options;
  const addresses = addressesOf(options.range);
  if (!/^[a-z0-9]([-a-z0-9]{0,50}[a-z0-9])?$/.test(name))
    refuse(`--name: ${JSON.stringify(name)} is no name: small letters, digits and -`);
  if (!layer2 && peers.length === 0)
    refuse("--no-l2 without --peer: nothing would announce the addresses");
  if (!layer2 && interfaces.length > 0) refuse("--interface is for L2, and --no-l2 is given");
  for (const { address } of peers) {
    const ip = tryParseIp(address);
    if (ip === null) refuse(`--peer: ${JSON.stringify(address)} is no IP address`);
    else {
      const single = parsePrefix(`${ip}/${familyOf(ip) === 4 ? 32 : 128}`);
      if (addresses.flatMap(prefixesOf).some((p) => prefixesOverlap(p, single)))
        refuse(`--peer: ${ip} is inside --range: a Service would get the router's address`);
    }
  }
  const object = (kind: string, own: string, spec: object, version = "v1beta1") =>
    ({
      apiVersion: `metallb.io/${version}`,
      kind,
      metadata: { name: own, namespace },
      spec,
    }) satisfies KubeObject & { spec: object };
  return [
    object("IPAddressPool", name, { addresses }),
    ...(layer2
      ? [
          object("L2Advertisement", name, {
            ipAddressPools: [name],
            ...(interfaces.length > 0 && { interfaces }),
          }),
        ]
      : []),
    ...peers.map(({ address, myAsn, peerAsn }, i) =>
      object(
        "BGPPeer",
        peers.length === 1 ? "router" : `router-${i + 1}`,
        { myASN: myAsn, peerASN: peerAsn, peerAddress: address },
        "v1beta2",
      ),
    ),
    ...(peers.length > 0 ? [object("BGPAdvertisement", name, { ipAddressPools: [name] })] : []),
  ];
}
