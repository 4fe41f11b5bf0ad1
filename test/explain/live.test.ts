/**
 * Faults put into a running lab, with real FRRs and real speakers: the first line of `explain` names each. The
 * same function answers from the directory as it lives and from its manifests alone: where the fault is in the
 * manifests, both answers are one. Names, addresses and order differ with the seed.
 */
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv } from "ajv";
import { expect } from "chai";
import { execa } from "execa";
import { readInput } from "../../src/cli/input.ts";
import type { Explanation } from "../../src/explain/explanation.ts";
import { explainService } from "../../src/explain/service.ts";
import { explanationText, headline } from "../../src/explain/text.ts";
import { statusOf } from "../../src/explain/status.ts";
import type { REASON_WORDS } from "../../src/api/reason-words.ts";
import { NODES, addressOf } from "../../src/lab/plan.ts";
import { FERROLB, ferrolb } from "../support/bundle.ts";
import { isRoot, startTestLab } from "../support/lab.ts";
import type { TestLab } from "../support/lab.ts";
import {
  bgpAdvertisement,
  l2Advertisement,
  nodes,
  peer,
  pool,
  router1,
  service,
} from "../support/lab-manifests.ts";
import type { Manifest, ServiceOptions } from "../support/lab-manifests.ts";
import { eventually } from "../support/wait.ts";

const SEED = Number(process.env["FERROLB_SEED"] ?? Date.now() % 1_000_000);
const LIMIT_MS = 60_000;

let state = SEED * 7919 + 13;
const next = (below: number): number => (state = (state * 48_271) % 2_147_483_647) % below;
const word = (): string =>
  Array.from({ length: 6 }, () => "abcdefghijkmnpqrstuvwxyz"[next(24)]).join("");
const shuffled = <T>(list: readonly T[]): T[] =>
  list
    .map((item) => ({ item, at: next(1_000_000) }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);

const spec = (m: Manifest | undefined): Record<string, unknown> =>
  (m?.["spec"] ?? {}) as Record<string, unknown>;
const on = (...names: readonly string[]) => [
  { matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: names }] },
];

/** A Service with a pool and an advertisement of its own: what is wrong with it touches nobody else. */
interface Case {
  readonly name: string;
  readonly ip: string;
  readonly pool: string;
  readonly advertisement: string;
  readonly objects: Manifest[];
}
const octets = shuffled(Array.from({ length: 200 }, (_, i) => i + 20));
function own(kind: "bgp" | "l2", over: object = {}, options: ServiceOptions = {}): Case {
  const octet = octets.pop() ?? 0;
  const name = word();
  const poolName = word();
  const advertisement = word();
  const ip = kind === "bgp" ? `203.0.113.${octet}` : `198.51.100.${110 + (octet % 140)}`;
  const annotations = { "metallb.io/address-pool": poolName, ...options.annotations };
  const fields = { ipAddressPools: [poolName], ...over };
  return {
    ...{ name, ip, pool: poolName, advertisement },
    objects: [
      pool(poolName, [`${ip}/32`], { autoAssign: false }),
      kind === "bgp"
        ? bgpAdvertisement(advertisement, { peers: ["router-1"], ...fields })
        : l2Advertisement(advertisement, fields),
      ...service(name, { ...options, annotations }),
    ],
  };
}

/** An IPv4 address as nft wants to see its octets. */
const hexOf = (ip: string): string =>
  `0x${ip
    .split(".")
    .map((octet) => Number(octet).toString(16).padStart(2, "0"))
    .join("")}`;

interface Fault {
  readonly what: string;
  readonly put: (c: Case) => void;
  readonly of: () => Case;
  readonly reason: keyof typeof REASON_WORDS;
  readonly at: (c: Case) => string;
  readonly path: RegExp;
}
const svc = (c: Case): string => `Service default/${c.name}`;
const its =
  (kind: string, part: "pool" | "advertisement") =>
  (c: Case): string =>
    `${kind} metallb-system/${c[part]}`;
const find = (c: Case, kind: string): Manifest | undefined =>
  c.objects.find((o) => o.kind === kind);
const annotate = (c: Case, key: string, value: string): void => {
  const service = find(c, "Service");
  Object.assign(service?.metadata.annotations ?? {}, { [key]: value });
};
const bgp = (): Case => own("bgp");
const l2 = (): Case => own("l2");

/** In manifests: all at once. The sentence, how it is put in, what the first line names. */
const IN_MANIFESTS: readonly Fault[] = [
  { what: "not of type LoadBalancer", of: bgp, put: (c) => (spec(find(c, "Service"))["type"] = "ClusterIP"), reason: "notLoadBalancer", at: svc, path: /spec\.type/ },
  { what: "another load balancer's class", of: bgp, put: (c) => (spec(find(c, "Service"))["loadBalancerClass"] = "other.io/lb"), reason: "otherLoadBalancerClass", at: svc, path: /loadBalancerClass/ },
  { what: "the pool's range is no address (S97)", of: bgp, put: (c) => (spec(find(c, "IPAddressPool"))["addresses"] = ["203.0.113.300/32"]), reason: "poolInvalid", at: its("IPAddressPool", "pool"), path: /addresses/ },
  { what: "the pool is exhausted (S97)", of: bgp, put: (c) => c.objects.unshift(...service(`a${word()}`, { annotations: { "metallb.io/address-pool": c.pool, "metallb.io/loadBalancerIPs": c.ip } })), reason: "poolExhausted", at: its("IPAddressPool", "pool"), path: /addresses/ },
  { what: "the pool is for another namespace", of: bgp, put: (c) => (spec(find(c, "IPAddressPool"))["serviceAllocation"] = { namespaces: [word()] }), reason: "notAllowed", at: its("IPAddressPool", "pool"), path: /namespaces/ },
  { what: "it asks for a pool that is not there", of: bgp, put: (c) => annotate(c, "metallb.io/address-pool", word()), reason: "unknownPool", at: svc, path: /address-pool/ },
  { what: "it asks for an address of no pool", of: bgp, put: (c) => annotate(c, "metallb.io/loadBalancerIPs", "192.0.2.250"), reason: "notInPool", at: svc, path: /loadBalancerIPs/ },
  { what: "it asks for what is no address", of: bgp, put: (c) => annotate(c, "metallb.io/loadBalancerIPs", "one.two"), reason: "badRequest", at: svc, path: /loadBalancerIPs/ },
  { what: "it asks for an address of the other family", of: bgp, put: (c) => annotate(c, "metallb.io/loadBalancerIPs", "2001:db8::9"), reason: "requestFamily", at: svc, path: /loadBalancerIPs/ },
  { what: "sharing keys differ (S104)", of: bgp, put: (c) => shareWith(c, "other-key"), reason: "inUse", at: svc, path: /allow-shared-ip/ },
  { what: "ports overlap on a shared address (S104)", of: bgp, put: (c) => shareWith(c, "key"), reason: "inUse", at: svc, path: /ports/ },
  { what: "no L2Advertisement covers the pool (S98)", of: l2, put: (c) => (spec(find(c, "L2Advertisement"))["ipAddressPools"] = [word()]), reason: "noAdvertisement", at: its("IPAddressPool", "pool"), path: /^$/ },
  { what: "the advertisement selects other Services", of: bgp, put: (c) => (spec(find(c, "BGPAdvertisement"))["serviceSelectors"] = [{ matchLabels: { tier: word() } }]), reason: "noMatchingAdvertisement", at: its("BGPAdvertisement", "advertisement"), path: /serviceSelectors/ },
  { what: "the advertisement selects no node", of: l2, put: (c) => (spec(find(c, "L2Advertisement"))["nodeSelectors"] = [{ matchLabels: { rack: word() } }]), reason: "noNodeSelected", at: its("L2Advertisement", "advertisement"), path: /nodeSelectors/ },
  { what: "the community alias is not there", of: bgp, put: (c) => (spec(find(c, "BGPAdvertisement"))["communities"] = [word()]), reason: "advertisementInvalid", at: its("BGPAdvertisement", "advertisement"), path: /communities/ },
  { what: "no endpoint is ready", of: () => own("bgp", {}, { on: [] }), put: () => undefined, reason: "noEndpoints", at: svc, path: /selector/ },
  { what: "Local, and the endpoints run elsewhere", of: () => own("l2", { nodeSelectors: on("n2") }, { local: true, on: ["n3"] }), put: () => undefined, reason: "noLocalEndpoints", at: svc, path: /externalTrafficPolicy/ },
  { what: "the only node is excluded", of: () => own("bgp", { nodeSelectors: on("n3") }), put: () => undefined, reason: "nodeLabeledExcludeBalancers", at: () => "Node n3", path: /labels/ },
  { what: "the network of the only node is down", of: () => own("l2", { nodeSelectors: on("n1") }), put: () => undefined, reason: "nodeNetworkUnavailable", at: () => "Node n1", path: /conditions/ },
  { what: "the advertisement names a peer that is not there", of: () => own("bgp", { peers: [word()] }), put: () => undefined, reason: "noPeerForPrefix", at: its("BGPAdvertisement", "advertisement"), path: /peers/ },
]; // prettier-ignore

function shareWith(c: Case, key: string): void {
  const options = { "metallb.io/address-pool": c.pool, "metallb.io/loadBalancerIPs": c.ip };
  const other = service(`a${word()}`, {
    annotations: { ...options, "metallb.io/allow-shared-ip": "key" },
  });
  annotate(c, "metallb.io/loadBalancerIPs", c.ip);
  annotate(c, "metallb.io/allow-shared-ip", key);
  c.objects.unshift(...other);
}

const fits = new Ajv().compile(
  JSON.parse(readFileSync("docs/schemas/explain.schema.json", "utf8")) as object,
);

describe(`faults in a running lab, and explain (FERROLB_SEED=${SEED})`, function () {
  this.timeout(180_000);
  let lab: TestLab;
  let dump: string;
  let startedMs = 0;
  const cases = IN_MANIFESTS.map((fault) => ({ fault, c: fault.of() }));
  const good = own("bgp", { communities: ["64500:105"] });
  const owned = own("l2", { interfaces: ["eth0"], nodeSelectors: on("n2") });
  const wide = own("l2", { interfaces: ["eth0"], nodeSelectors: on("n2", "n3") });
  const wire = own("l2", { interfaces: ["eth7"], nodeSelectors: on("n2") });
  const sessions = {
    wrongAS: own("bgp", { peers: ["as"] }),
    peerUnreachable: own("bgp", { peers: ["nobody"] }),
    peerRefuses: own("bgp", { peers: ["client"] }),
  };
  const passed = new Set<string>();

  const look = () => readInput({ filename: [lab.manifests], namespace: "metallb-system" });
  const live = async (name: string): Promise<Explanation> => {
    const { snapshot, observed } = await look();
    return explainService(snapshot, `default/${name}`, { observed });
  };
  /** One look as a recorded dump, as `kubectl get ... -o yaml` writes it: the answer from it. */
  const recorded = async (name: string): Promise<[live: Explanation, dump: Explanation]> => {
    const { snapshot, observed } = await look();
    const lists: readonly unknown[] = Object.values({ ...snapshot, ...observed });
    const items = lists
      .flatMap((list) => (Array.isArray(list) ? (list as readonly object[]) : []))
      .filter((o) => "kind" in o && "metadata" in o);
    const file = join(dump, "..", "recorded.yaml");
    await writeFile(file, JSON.stringify({ apiVersion: "v1", kind: "List", items }));
    const read = await readInput({ filename: [file], namespace: "metallb-system" });
    const key = `default/${name}`;
    return [
      explainService(snapshot, key, { observed }),
      explainService(read.snapshot, key, { observed: read.observed }),
    ];
  };
  /** The manifests as they are, without anything that anybody wrote about them. */
  const offline = async (name: string): Promise<Explanation> => {
    const { snapshot } = await readInput({ filename: [dump], namespace: "metallb-system" });
    return explainService(snapshot, `default/${name}`);
  };
  const named = async (
    { name }: Case,
    reason: keyof typeof REASON_WORDS,
    at: string,
    path: RegExp,
  ): Promise<Explanation> => {
    let last: Explanation | null = null;
    const found = await eventually(
      `${name}: ${reason}`,
      async () => {
        last = await live(name);
        return last.because.reason === reason ? last : undefined;
      },
      LIMIT_MS,
      250,
    ).catch((cause: unknown) => {
      throw new Error(last === null ? "no answer" : explanationText(last), { cause });
    });
    const [line = ""] = explanationText(found).split("\n");
    expect(found.served, line).to.equal(false);
    expect(line).to.equal(headline(found)).and.to.contain(at).and.to.contain(reason);
    expect(found.because.path, line).to.match(path);
    expect(found.because.fix, line).to.be.a("string").that.is.not.equal("");
    expect(fits(JSON.parse(JSON.stringify(found))), JSON.stringify(fits.errors)).to.equal(true);
    const [here, dumped] = await recorded(name);
    expect(headline(dumped), "from a recorded dump").to.equal(headline(here));
    expect(dumped.because).to.deep.equal(here.because);
    passed.add(
      `${reason.padEnd(28)} ${found.because.object?.kind ?? ""} ${path.source === "^$" ? "" : found.because.path}`,
    );
    return found;
  };
  const served = async ({ name }: Case): Promise<Explanation> => {
    let last: Explanation | null = null;
    return eventually(
      `${name} is served`,
      async () => ((last = await live(name)).served ? last : undefined),
      LIMIT_MS,
      250,
    ).catch((cause: unknown) => {
      throw new Error(last === null ? "no answer" : explanationText(last), { cause });
    });
  };
  const onNode = (place: "n1" | "n2" | "n3" | "r1" | "c1", script: string): Promise<string> =>
    lab.places[place].exec("sh", "-c", script);
  const r1 = (...lines: readonly string[]): Promise<string> =>
    lab.routers.r1.vtysh("configure terminal", "router bgp 64501", ...lines);

  before(async function () {
    if (!isRoot()) this.skip(); // network namespaces
    startedMs = performance.now();
    const all = nodes().map((node) => {
      const label =
        node.metadata.name === "n3"
          ? { "node.kubernetes.io/exclude-from-external-load-balancers": "" }
          : {};
      const { status } = node as Manifest & { status: { conditions: object[] } };
      const down = { type: "NetworkUnavailable", status: "True" };
      return {
        ...node,
        metadata: { ...node.metadata, labels: { ...node.metadata.labels, ...label } },
        ...(node.metadata.name === "n1" && {
          status: { ...status, conditions: [...status.conditions, down] },
        }),
      };
    });
    for (const { fault, c } of cases) fault.put(c);
    const timers = { holdTime: "90s", keepaliveTime: "30s", connectTime: "1s" };
    const peers = [
      router1({ connectTime: "1s" }),
      peer("as", { peerASN: 64777, peerAddress: addressOf("r2", "lan"), ...timers }),
      peer("nobody", { peerASN: 64501, peerAddress: "198.51.100.99", ...timers }),
      peer("client", { peerASN: 64501, peerAddress: addressOf("c1", "lan"), ...timers }),
    ];
    const manifests = {
      nodes: all,
      peers: shuffled(peers),
      good: [...good.objects, ...owned.objects, ...wire.objects],
      sessions: Object.values(sessions).flatMap((c) => c.objects),
      faults: shuffled(cases.flatMap(({ c }) => c.objects)),
    };
    dump = join(await mkdtemp(join(tmpdir(), `ferrolb-${process.pid}-explain-`)), "dump.yaml");
    await writeFile(
      dump,
      JSON.stringify({ apiVersion: "v1", kind: "List", items: Object.values(manifests).flat() }),
    );
    lab = await startTestLab({ backends: false, manifests, frr: { n2: "10.3" } });
  });
  after(async () => {
    console.log(
      `      ${passed.size} faults in ${Math.round((performance.now() - startedMs) / 1000)} s`,
    );
    for (const line of [...passed].sort()) console.log(`      ${line}`);
    await lab.stop();
    await rm(join(dump, ".."), { recursive: true, force: true });
  });

  it("a Service without a fault is served, and what is expected is said to be (S101, S102)", async () => {
    await lab.established("r1", ["n2"]);
    const bgp = await eventually("a session in the answer", async () => {
      const answer = await served(good);
      return answer.steps.some((s) => s.reason === "session") ? answer : undefined;
    }, LIMIT_MS, 250); // prettier-ignore
    expect(headline(bgp)).to.contain("sends it to router-1");
    const atL2 = await served(owned);
    expect(atL2.steps.map((s) => s.reason)).to.include.members(["oneNodeByDesign", "sourceIsNode"]);
    expect(headline(atL2)).to.contain("Node n2: answers for");
  });

  for (const { fault, c } of cases)
    it(`${fault.what}: ${fault.reason}, live and from the manifests`, async () => {
      const found = await named(c, fault.reason, fault.at(c), fault.path);
      const alone = await offline(c.name);
      expect(alone.because).to.deep.equal(found.because);
      expect(alone.served).to.equal(false);
    });

  it("the peer is of another AS: wrongAS (S100)", () =>
    named(sessions.wrongAS, "wrongAS", "BGPPeer metallb-system/as", /peerASN/));
  it("nobody has the peer's address: peerUnreachable (S100)", () =>
    named(sessions.peerUnreachable, "peerUnreachable", "BGPPeer metallb-system/nobody", /peerAddress/)); // prettier-ignore
  it("no BGP runs at the peer's address: peerRefuses", () =>
    named(sessions.peerRefuses, "peerRefuses", "BGPPeer metallb-system/client", /peerPort/));
  it("the interface does not exist: noInterface (S98)", () =>
    named(wire, "noInterface", `L2Advertisement metallb-system/${wire.advertisement}`, /interfaces/)); // prettier-ignore

  it("the router expects another AS: refusedAS (S100)", async () => {
    await r1(...NODES.map((n) => `neighbor ${addressOf(n, "lan")} remote-as 64999`));
    await named(good, "refusedAS", "BGPPeer metallb-system/router-1", /myASN/);
    await r1(...NODES.map((n) => `neighbor ${addressOf(n, "lan")} remote-as 64500`));
    await served(good);
  });

  it("the router has a password: wrongPassword (S100)", async () => {
    await r1(...NODES.map((n) => `neighbor ${addressOf(n, "lan")} password documentation-only`));
    const found = await named(good, "wrongPassword", "BGPPeer metallb-system/router-1", /password/);
    expect(found.because.message).to.contain("the BGPPeer has none");
    await r1(...NODES.map((n) => `no neighbor ${addressOf(n, "lan")} password`));
    await served(good);
  });

  it("nft drops port 179: portFiltered (S100)", async () => {
    await onNode("r1", "nft add table inet f && nft add chain inet f i '{ type filter hook input priority 0; }' && nft add rule inet f i tcp dport 179 drop"); // prettier-ignore
    await r1("neighbor 198.51.100.12 shutdown");
    await r1("no neighbor 198.51.100.12 shutdown");
    await named(good, "portFiltered", "BGPPeer metallb-system/router-1", /peerPort/);
    await onNode("r1", "nft delete table inet f");
    await served(good);
  });

  it("a policy by hand keeps the route back: deniedOutbound", async () => {
    const lines = [
      "ip prefix-list NOTHING seq 5 deny any",
      "router bgp 64500",
      " address-family ipv4 unicast",
      `  neighbor ${addressOf("r1", "lan")} prefix-list NOTHING out`,
      " exit-address-family",
    ];
    await lab.write("extras", {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "bgpextras", namespace: "metallb-system" },
      data: { extras: lines.join("\n") },
    });
    await named(good, "deniedOutbound", "BGPPeer metallb-system/router-1", /^$/);
    // The same from manifests alone, on the node: FRR says it itself.
    const { vtyshPath, vtyDir } = lab.nodes.n2.frr;
    const asks = ["explain", "service", `default/${good.name}`, "-f", dump, "--node", "n2"];
    const words = ["netns", "exec", lab.places.n2.name, FERROLB, ...asks];
    const own = ["--vtysh", vtyshPath, "--vty-dir", vtyDir];
    const { stdout } = await execa("ip", [...words, ...own], { reject: false });
    expect(stdout.split("\n")[0]).to.contain("deniedOutbound").and.to.contain("n2");
    await lab.remove("extras");
    await served(good);
  });

  it("the router takes the community, then the route: filteredUpstream (S105)", async () => {
    const prefix = `${good.ip}/32`;
    const file = join(dump, "..", "r1.json");
    const asked = async (...more: string[]) => {
      await writeFile(file, await lab.routers.r1.vtysh(`show bgp ipv4 unicast ${prefix} json`));
      const words = ["explain", "service", `default/${good.name}`, "-f", lab.manifests];
      return ferrolb([...words, "--received", `router-1=${file}`, ...more]);
    };
    /** The inbound policy is at work when the answer has these words; the first line where it is not served. */
    const says = (exitCode: number, ...words: readonly string[]) =>
      eventually(
        words.join(" "),
        async () => {
          const told = await asked();
          const text = exitCode === 0 ? told.stdout : (told.stdout.split("\n")[0] ?? "");
          return told.exitCode === exitCode && words.every((word) => text.includes(word));
        },
        LIMIT_MS,
        500,
      );
    const inbound = (...lines: readonly string[]): Promise<string> =>
      lab.routers.r1.vtysh("configure terminal", ...lines);
    const neighbors = (word: string) =>
      NODES.map((n) => `${word}neighbor ${addressOf(n, "lan")} route-map UP in`);
    await says(0, `the router has ${prefix} with 64500:105`);
    await inbound("route-map UP permit 10", "set community none", "exit", "router bgp 64501", "address-family ipv4 unicast", ...neighbors("")); // prettier-ignore
    await says(1, "filteredUpstream", "router-1", "without 64500:105");
    await inbound("no route-map UP permit 10", "route-map UP deny 10");
    await says(1, "filteredUpstream", "has it from none of them");
    await inbound("router bgp 64501", "address-family ipv4 unicast", ...neighbors("no "));
    await says(0, `the router has ${prefix} with 64500:105`);
  });

  it("bgpd is dead: frrUnreachable", async () => {
    await lab.nodes.n2.frr.kill("bgpd");
    await named(good, "frrUnreachable", "Node n2", /^$/);
    await lab.nodes.n2.frr.start("bgpd");
    await served(good);
  });

  it("a host outside the cluster has the address: addressConflict", async () => {
    await onNode("c1", `ip addr add ${owned.ip}/32 dev eth0 && arping -q -U -c 3 -w 4 -I eth0 -S ${owned.ip} ${owned.ip} || true`); // prettier-ignore
    await named(owned, "addressConflict", svc(owned), /ingress/);
    await onNode("c1", `ip addr del ${owned.ip}/32 dev eth0`);
    await served(owned);
  });

  it("a switch keeps the owner's answers back: notHeard, alarmed within ten seconds (S34)", async () => {
    await served(owned);
    const cut = `nft add table bridge f && nft add chain bridge f c '{ type filter hook forward priority 0; }' && nft add rule bridge f c iifname lan-n2 ether type arp @nh,112,32 ${hexOf(owned.ip)} drop`; // prettier-ignore
    await lab.places.wire.exec("sh", "-c", cut);
    const fromMs = performance.now();
    const found = await named(owned, "notHeard", "Node n2", /^$/);
    expect(found.because.message).to.contain("on the same segment does not hear it");
    // Asked every two seconds, three times in vain; the rest is a loaded machine's.
    expect(performance.now() - fromMs, "until it is told").to.be.below(30_000);
    const reported = await readInput({ filename: [lab.manifests], namespace: "metallb-system" });
    const events = reported.observed.events.filter((e) => e.reason === "notHeard");
    expect(events.map((e) => e.about.name)).to.include(owned.name);
    await lab.places.wire.exec("nft", "delete", "table", "bridge", "f");
    await served(owned);
  });

  it("the speaker of the only node is dead: noLiveSpeaker", async () => {
    await lab.nodes.n2.speaker.stop("SIGKILL");
    await named(owned, "noLiveSpeaker", "Node n2", /^$/);
    lab.nodes.n2.speaker.start();
    await served(owned);
  });

  it("port 7946 is blocked: memberMissing (S106)", async () => {
    await lab.write("nodes", ...nodes());
    await lab.write("wide", ...wide.objects);
    await served(wide);
    await onNode("n3", "nft add table inet f && nft add chain inet f i '{ type filter hook input priority 0; }' && nft add rule inet f i meta l4proto '{ tcp, udp }' th dport 7946 drop && nft add chain inet f o '{ type filter hook output priority 0; }' && nft add rule inet f o meta l4proto '{ tcp, udp }' th dport 7946 drop"); // prettier-ignore
    const { snapshot } = await readInput({
      filename: [lab.manifests],
      namespace: "metallb-system",
    });
    expect(snapshot.nodes.length).to.equal(3);
    await eventually("the split is told", async () => {
      const world = await readInput({ filename: [lab.manifests], namespace: "metallb-system" });
      const report = world.observed.speakerReports.find((r) => r.status?.node === "n3");
      return report?.status?.members?.length === 1;
    }, LIMIT_MS, 250); // prettier-ignore
    await named(wide, "memberMissing", "Node n", /^$/);
    await onNode("n3", "nft delete table inet f");
    await served(wide);
  });

  it("kube-ipvs0 holds the address and answers ARP: strictARPOff (S103)", async () => {
    const owner = (await served(wide)).nodes.find((n) => n.l2.announces)?.node;
    const other = owner === "n2" ? "n3" : "n2";
    await onNode(other, `sysctl -qw net.ipv4.conf.all.arp_ignore=0 && ip link add kube-ipvs0 type bridge && ip addr add ${wide.ip}/32 dev kube-ipvs0`); // prettier-ignore
    const asking = setInterval(() => {
      void onNode("c1", `arping -q -c 1 -w 1 -I eth0 ${wide.ip} || true`).catch(() => undefined);
    }, 1000);
    try {
      await named(wide, "strictARPOff", `Node ${other}`, /^$/);
    } finally {
      clearInterval(asking);
    }
    await onNode(other, "ip link del kube-ipvs0");
  });

  it("at least thirty faults were named", () => {
    expect(passed.size).to.be.at.least(30);
  });

  it("the command says the same as the function, and exits 1", async () => {
    const c = sessions.wrongAS;
    const { stdout, exitCode } = await ferrolb(["explain", "service", `default/${c.name}`, "-f", lab.manifests]); // prettier-ignore
    expect(exitCode).to.equal(1);
    expect(stdout.split("\n")[0]).to.equal(headline(await live(c.name)));
    const { snapshot, observed } = await readInput({ filename: [lab.manifests], namespace: "metallb-system" }); // prettier-ignore
    const { sessions: shown } = statusOf(snapshot, { observed });
    expect(shown.filter((s) => s.state === "Established").map((s) => s.peer)).to.include(
      "router-1",
    );
    expect(shown.find((s) => s.peer === "as")?.reason).to.equal("wrongAS");
  });
});
