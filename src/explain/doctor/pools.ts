/** Pools whose addresses somebody else has: nodes, routers, cluster IPs, Pods, this node's gateway. */
import { addressOf, tryParseIp } from "../../net/ip.ts";
import { parsePrefix, prefixContains, prefixText, prefixesOverlap } from "../../net/prefix.ts";
import type { Prefix } from "../../net/prefix.ts";
import { checked, fix, unknown, word } from "./finding.ts";
import type { Check, Finding } from "./finding.ts";
import type { DoctorFacts } from "./facts.ts";

interface Taken {
  readonly what: string;
  readonly code: string;
  readonly prefix: Prefix;
}

const single = (what: string, code: string, text: string): readonly Taken[] => {
  const ip = tryParseIp(text.split("/")[0] ?? "");
  return ip === null
    ? []
    : [
        {
          what: `${what} ${ip}`,
          code,
          prefix: parsePrefix(`${ip}/${ip.includes(":") ? 128 : 32}`),
        },
      ];
};

const block = (what: string, code: string, text: unknown): readonly Taken[] => {
  try {
    return typeof text === "string"
      ? [{ what: `${what} ${text}`, code, prefix: parsePrefix(text) }]
      : [];
  } catch {
    return [];
  }
};

/** Who has which addresses, as far as it can be seen. */
function takenBy({ nodes, parsed, snapshot, local }: DoctorFacts): readonly Taken[] {
  const podBlocks = snapshot.nodes.flatMap(({ metadata, spec }) => {
    const { podCIDRs, podCIDR } = (spec ?? {}) as { podCIDRs?: unknown; podCIDR?: unknown };
    const all: readonly unknown[] = Array.isArray(podCIDRs) ? podCIDRs : [podCIDR];
    return all.flatMap((text) =>
      block(`the Pods of Node ${metadata.name} have`, "poolHoldsPodAddress", text),
    );
  });
  return [
    ...nodes.flatMap(({ name, addresses }) =>
      addresses.flatMap((a) => single(`Node ${name} has`, "poolHoldsNodeAddress", a)),
    ),
    ...(local?.interfaces ?? []).flatMap((i) =>
      i.up && !/^(kube-ipvs|lo$)/.test(i.name)
        ? i.addresses.flatMap((a) =>
            single(`interface ${i.name} of ${local?.node ?? ""} has`, "poolHoldsNodeAddress", a),
          )
        : [],
    ),
    ...parsed.config.peers.flatMap((p) =>
      p.endpoint.kind === "address"
        ? single(`BGPPeer ${p.name} is`, "poolHoldsPeerAddress", p.endpoint.address)
        : [],
    ),
    ...(local?.gateways ?? []).flatMap((g) =>
      single(`the default gateway of ${local?.node ?? ""} is`, "poolHoldsGateway", g),
    ),
    ...podBlocks,
    ...snapshot.services.flatMap(({ metadata, spec }) =>
      (spec?.clusterIPs ?? (spec?.clusterIP === undefined ? [] : [spec.clusterIP])).flatMap((ip) =>
        single(
          `the cluster IP of Service ${metadata.namespace ?? "default"}/${metadata.name} is`,
          "poolHoldsClusterIP",
          ip,
        ),
      ),
    ),
  ];
}

/** Aggregates of pools have many prefixes: a pool is looked at as a whole, one finding per pool and kind of owner. */
export function poolCheck(facts: DoctorFacts): Check {
  const { pools } = facts.parsed.config;
  if (pools.length === 0) return unknown("pools", "no IPAddressPool yet");
  const taken = takenBy(facts);
  const findings = pools.flatMap((pool): readonly Finding[] => {
    const usable = taken.filter(
      ({ prefix }) =>
        pool.cidrs.some((c) => prefixesOverlap(c, prefix)) &&
        !pool.reserved.some(
          (r) =>
            r.length <= prefix.length &&
            prefixContains(r, { family: prefix.family, value: prefix.first }),
        ),
    );
    const codes = [...new Set(usable.map((t) => t.code))];
    return codes.map((code) => {
      const owners = usable.filter((t) => t.code === code);
      const texts = [...new Set(owners.map((o) => shortText(o.prefix)))];
      return {
        severity: "error",
        code,
        object: { kind: "IPAddressPool", namespace: facts.snapshot.namespace, name: pool.name },
        path: "spec.addresses",
        message: `pool ${pool.name} holds ${texts.slice(0, 5).join(", ")}${texts.length > 5 ? " and more" : ""}, which is taken: ${owners[0]?.what ?? ""}`,
        evidence: [...new Set(owners.map((o) => o.what))].slice(0, 20),
        fixes: [
          fix(
            `kubectl annotate ipaddresspool ${word(pool.name)} -n ${word(facts.snapshot.namespace)} --overwrite ferrolb.io/reserved-addresses=${word(texts.join(","))}`,
            "MetalLB does not know this annotation; take the addresses out of spec.addresses where both run",
          ),
        ],
      };
    });
  });
  return checked(
    "pools",
    findings,
    `${pools.length} pools, none holds an address of a node, router, Pod or cluster IP`,
  );
}

const shortText = (p: Prefix): string => {
  const text = prefixText(p);
  return p.length === (p.family === 4 ? 32 : 128) ? (text.split("/")[0] ?? text) : text;
};

export const holds = (facts: DoctorFacts, ip: string): string | null => {
  const parsed = tryParseIp(ip);
  if (parsed === null) return null;
  const address = addressOf(parsed);
  return (
    facts.parsed.config.pools.find((p) => p.cidrs.some((c) => prefixContains(c, address)))?.name ??
    null
  );
};
