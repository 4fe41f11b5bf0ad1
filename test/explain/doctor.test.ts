import { readFileSync } from "node:fs";
import { expect } from "chai";
import { execa } from "execa";
import fc from "fast-check";
import { parse } from "yaml";
import { diagnose } from "../../src/explain/doctor/doctor.ts";
import type { Diagnosis } from "../../src/explain/doctor/doctor.ts";
import type { LocalFacts } from "../../src/explain/doctor/local-facts.ts";
import { diagnosisText } from "../../src/explain/doctor/text.ts";
import { parseWorkload } from "../../src/explain/doctor/workload.ts";
import { assemble } from "../../src/manifests/assemble.ts";
import { admit } from "../../src/manifests/shape.ts";

type Json = Record<string, unknown>;
const NS = "metallb-system";

function examined(objects: readonly unknown[], local: LocalFacts | null = null): Diagnosis {
  const placed = objects.flatMap((object) => {
    const admission = admit(object, NS);
    return admission.kind === "object" ? [{ object: admission.object, file: "", line: 0 }] : [];
  });
  const workloads = objects.map(parseWorkload).filter((w) => w !== null);
  return diagnose({ snapshot: assemble(placed, NS).snapshot, workloads, local });
}

const preset = (name: string): Json[] =>
  (
    parse(readFileSync(`test/fixtures/distributions/${name}.yaml`, "utf8")) as {
      items: Json[];
    }
  ).items;

const toleration = (role: string) => ({
  key: `node-role.kubernetes.io/${role}`,
  operator: "Exists",
  effect: "NoSchedule",
});
const speaker = (count: number, over: Json = {}, image = "registry.example/ferrolb:1") => ({
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  metadata: { name: "speaker", namespace: NS },
  spec: {
    template: {
      metadata: { labels: { app: "metallb", component: "speaker" } },
      spec: {
        hostNetwork: true,
        nodeSelector: { "kubernetes.io/os": "linux" },
        tolerations: [toleration("control-plane"), toleration("master")],
        containers: [{ name: "speaker", image }],
        ...over,
      },
    },
  },
  status: {
    observedGeneration: 1,
    desiredNumberScheduled: count,
    currentNumberScheduled: count,
    numberReady: count,
  },
});
const resource = (kind: string, name: string, spec: Json) => ({
  apiVersion: kind === "BGPPeer" ? "metallb.io/v1beta2" : "metallb.io/v1beta1",
  kind,
  metadata: { name, namespace: NS },
  spec,
});
const POOL = resource("IPAddressPool", "p", { addresses: ["203.0.113.0/24"] });
const node = (name: string, ip: string, over: Json = {}) => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name, labels: { "kubernetes.io/os": "linux" } },
  status: { addresses: [{ type: "InternalIP", address: ip }] },
  ...over,
});

const alarms = ({ findings }: Diagnosis): string[] =>
  findings.filter((f) => f.severity !== "note").map((f) => `${f.code} ${f.object?.name ?? ""}`);

describe("doctor on what distributions look like", () => {
  for (const [name, count] of [
    ["kubeadm", 3],
    ["k3s", 3],
    ["microk8s", 1],
    ["talos", 3],
  ] as const) {
    it(`${name}: no alarm before an install`, () => {
      const answer = examined(preset(name));
      expect(answer.nodes.length).to.equal(count);
      expect(alarms(answer)).to.deep.equal([]);
    });
    it(`${name}: no alarm with what we ship and a first configuration`, () => {
      const answer = examined([
        ...preset(name),
        speaker(count),
        POOL,
        resource("L2Advertisement", "all", {}),
        resource("BGPPeer", "r1", { myASN: 64500, peerASN: 64501, peerAddress: "192.0.2.1" }),
      ]);
      expect(alarms(answer)).to.deep.equal([]);
      expect(answer.nodesWithoutSpeaker).to.deep.equal([]);
    });
    it(`${name}: a taint added by hand is named, with its key in the advice`, () => {
      const objects = structuredClone(preset(name));
      const nodes = objects.filter((o) => o["kind"] === "Node");
      const target = nodes.at(-1)!;
      target["spec"] = { taints: [{ key: "example.com/mine", value: "x", effect: "NoSchedule" }] };
      const { findings } = examined([...objects, speaker(count - 1)]);
      const [first] = findings;
      expect(first?.code).to.equal("taintNotTolerated");
      expect(first?.object?.name).to.equal((target["metadata"] as Json)["name"]);
      expect(first?.fixes.map((f) => f.command.split(" ", 2).join(" "))).to.deep.equal([
        "kubectl patch",
        "kubectl taint",
      ]);
      expect(first?.fixes[0]?.command).to.contain('"key":"example.com/mine"');
      expect(first?.fixes[1]?.caution).to.match(/prefer the toleration/);
    });
  }

  it("MicroK8s with a tainted node and MetalLB installed by hand without tolerations: the patch", () => {
    const objects = structuredClone(preset("microk8s"));
    objects.find((o) => o["kind"] === "Node")!["spec"] = {
      taints: [{ key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" }],
    };
    const answer = examined([
      ...objects,
      speaker(0, { tolerations: [] }, "quay.io/metallb/speaker:v0.14.9"),
    ]);
    expect(answer.healthy).to.equal(false);
    expect(answer.findings[0]?.message).to.contain("no node is left to announce from");
    expect(answer.findings[0]?.fixes[0]?.command).to.match(
      /^kubectl patch daemonset speaker -n metallb-system --type=json -p='\[\{"op":"add","path":"\/spec\/template\/spec\/tolerations","value":\[/,
    );
  });

  it("k3s with ServiceLB at work: the DaemonSet is named", () => {
    const svclb = speaker(3);
    const { findings } = examined([
      ...preset("k3s"),
      {
        ...svclb,
        metadata: {
          name: "svclb-traefik-1a2b3c4d",
          namespace: "kube-system",
          labels: { "svccontroller.k3s.cattle.io/svcname": "traefik" },
        },
        spec: { template: { spec: { containers: [{ image: "rancher/klipper-lb:v0.4.13" }] } } },
      },
    ]);
    expect(findings.map((f) => [f.code, f.object?.name])).to.deep.equal([
      ["serviceLbActive", "svclb-traefik-1a2b3c4d"],
    ]);
  });

  it("kube-proxy of Talos and k3s in IPVS mode, by their arguments", () => {
    const talos = JSON.stringify(preset("talos")).replace("mode=nftables", "mode=ipvs");
    expect(alarms(examined(JSON.parse(talos) as Json[]))).to.deep.equal([
      "strictArpOff kube-proxy",
    ]);
    const k3s = (more: string) =>
      JSON.parse(
        JSON.stringify(preset("k3s")).replace(
          String.raw`\"servicelb,traefik\"`,
          String.raw`\"servicelb\",\"--kube-proxy-arg\",\"proxy-mode=ipvs\"${more}`,
        ),
      ) as Json[];
    expect(alarms(examined(k3s("")))).to.deep.equal(["strictArpOff kube-proxy"]);
    const on = k3s(String.raw`,\"--kube-proxy-arg\",\"ipvs-strict-arp=true\"`);
    expect(alarms(examined(on))).to.deep.equal([]);
  });
});

describe("doctor, what a cluster shows", () => {
  const three = [node("a", "192.0.2.1"), node("b", "192.0.2.2"), node("c", "192.0.2.3")];
  const taken: [string, Json[], string][] = [
    [
      "a router",
      [resource("BGPPeer", "r", { myASN: 1, peerASN: 2, peerAddress: "203.0.113.1" })],
      "poolHoldsPeerAddress",
    ],
    ["a node", [node("z", "203.0.113.9")], "poolHoldsNodeAddress"],
    [
      "the Pods of a node",
      [node("z", "192.0.2.9", { spec: { podCIDR: "203.0.113.128/25" } })],
      "poolHoldsPodAddress",
    ],
    [
      "a cluster IP",
      [
        {
          apiVersion: "v1",
          kind: "Service",
          metadata: { name: "s", namespace: "d" },
          spec: { clusterIP: "203.0.113.7" },
        },
      ],
      "poolHoldsClusterIP",
    ],
  ];
  for (const [what, more, code] of taken)
    it(`a pool that holds the address of ${what}: ${code}`, () => {
      expect(alarms(examined([...three, POOL, ...more]))).to.deep.equal([`${code} p`]);
      const reserved = {
        ...POOL,
        metadata: {
          ...POOL.metadata,
          annotations: { "ferrolb.io/reserved-addresses": "203.0.113.0/24" },
        },
      };
      expect(alarms(examined([...three, reserved, ...more]))).to.deep.equal([]);
    });

  it("a cordoned node keeps its speaker; automatic taints do not matter", () => {
    const taints = [
      "not-ready:NoExecute",
      "unschedulable:NoSchedule",
      "network-unavailable:NoSchedule",
      "disk-pressure:NoSchedule",
    ];
    const cordoned = node("z", "192.0.2.9", {
      spec: {
        unschedulable: true,
        taints: taints.map((t) => ({
          key: `node.kubernetes.io/${t.split(":")[0]}`,
          effect: t.split(":")[1],
        })),
      },
    });
    const answer = examined([...three, cordoned, speaker(4)]);
    expect(alarms(answer)).to.deep.equal([]);
    expect(diagnosisText(answer)).to.contain("z: a speaker can run, cordoned");
  });

  it("CURRENT below DESIRED, and READY below DESIRED, are other faults than a taint", () => {
    const counts = (current: number, ready: number) => {
      const set = speaker(3);
      return {
        ...set,
        status: { ...set.status, currentNumberScheduled: current, numberReady: ready },
      };
    };
    expect(alarms(examined([...three, counts(2, 2)]))).to.deep.equal(["podsNotCreated speaker"]);
    expect(alarms(examined([...three, counts(3, 2)]))).to.deep.equal(["podsNotReady speaker"]);
  });

  it("the exclude label on all nodes: an error, but not for a speaker that ignores it", () => {
    const labels = {
      "kubernetes.io/os": "linux",
      "node.kubernetes.io/exclude-from-external-load-balancers": "",
    };
    const all = ["a", "b"].map((name, i) =>
      node(name, `192.0.2.${i + 1}`, { metadata: { name, labels } }),
    );
    const containers = (...args: string[]) => ({ containers: [{ image: "x", args }] });
    expect(alarms(examined([...all, speaker(2)]))).to.deep.equal(["nodeLabeledExcludeBalancers a"]);
    for (const flag of [
      "--ignore-exclude-lb",
      "--ignore-exclude-lb=true",
      "--exclude-lb-policy=auto",
    ])
      expect(alarms(examined([...all, speaker(2, containers(flag))])), flag).to.deep.equal([]);
    const off = speaker(2, containers("--ignore-exclude-lb=false"));
    expect(alarms(examined([...all, off]))).to.deep.equal(["nodeLabeledExcludeBalancers a"]);
  });

  it("no name of a cluster gets out of its command, or moves the cursor", async () => {
    const evil = "x'; pwned; echo '$(pwned)`pwned`";
    const spec = { taints: [{ key: evil, value: "\u001b[2Jv", effect: "NoSchedule" }] };
    const answer = examined([node("a", "192.0.2.1", { spec }), speaker(0)]);
    const commands = answer.findings.flatMap((f) => f.fixes).map((f) => f.command);
    expect(commands.length).to.equal(2);
    const said = await execa("bash", [
      "-c",
      ["pwned() { echo PWNED; }; kubectl() { :; }", ...commands].join("\n"),
    ]);
    expect([said.stdout, said.stderr]).to.deep.equal(["", ""]);
    expect(diagnosisText(answer)).not.to.contain("\u001b");
  });

  it("anything may come in: never an exception, and the order of a dump changes nothing", () => {
    const anything = fc.oneof(fc.anything(), fc.object({ maxDepth: 4 }));
    fc.assert(
      fc.property(anything, (value) => void parseWorkload(value)),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(
        fc.shuffledSubarray([...preset("kubeadm"), ...preset("k3s"), speaker(3), POOL]),
        (objects) => {
          const [once, again] = [examined(objects), examined(objects.toReversed())];
          expect(once.nodes).to.deep.equal(again.nodes);
          expect(alarms(once).sort()).to.deep.equal(alarms(again).sort());
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe("doctor, what a node sees from inside", () => {
  const open = { state: "open", detail: "" } as const;
  const silent = { state: "silent", detail: "" } as const;
  const healthy: LocalFacts = {
    node: "a",
    interfaces: [
      {
        name: "eth0",
        mtu: 1500,
        up: true,
        carrier: true,
        addresses: ["192.0.2.1/24"],
        arpIgnore: 0,
      },
      { name: "flannel.1", mtu: 1450, up: true, carrier: true, addresses: [], arpIgnore: 0 },
    ],
    arpIgnoreAll: 0,
    gateways: ["192.0.2.254"],
    rawSockets: null,
    frr: {
      vtysh: "10.3",
      version: "10.3",
      error: null,
      sockets: (["zebra", "bgpd", "bfdd"] as const).map((daemon) => ({ daemon, state: "open" })),
      established: ["192.0.2.250"],
    },
    members: [{ node: "b", address: "192.0.2.2", port: 7946, tcp: open, udp: open }],
    peers: [],
    clockAheadS: 0.2,
  };
  const objects = [
    node("a", "192.0.2.1"),
    node("b", "192.0.2.2"),
    speaker(2),
    POOL,
    resource("L2Advertisement", "l", { interfaces: ["eth0"] }),
    resource("BGPPeer", "r", {
      myASN: 1,
      peerASN: 2,
      peerAddress: "192.0.2.250",
      password: "hush",
    }),
  ];
  const [eth0, flannel] = healthy.interfaces as [
    LocalFacts["interfaces"][0],
    LocalFacts["interfaces"][0],
  ];
  const ipvs = { ...eth0, name: "kube-ipvs0", carrier: false, addresses: ["203.0.113.5/32"] };

  it("a healthy node", () => expect(alarms(examined(objects, healthy))).to.deep.equal([]));

  const faults: [string, Partial<LocalFacts>, string[]][] = [
    [
      "kube-ipvs0 holds the address and arp_ignore is 0",
      { interfaces: [eth0, ipvs] },
      ["arpIgnoreOff a"],
    ],
    ["the same with arp_ignore 1", { interfaces: [eth0, ipvs], arpIgnoreAll: 1 }, []],
    ["no such interface", { interfaces: [{ ...eth0, name: "ens3" }] }, ["interfaceMissing l"]],
    ["no carrier", { interfaces: [{ ...eth0, carrier: false }] }, ["interfaceDown l"]],
    ["a small MTU", { interfaces: [{ ...eth0, mtu: 1400 }] }, ["mtuTooSmall a"]],
    [
      "a tunnel too large",
      { interfaces: [eth0, { ...flannel, mtu: 1500 }] },
      ["tunnelMtuTooLarge a"],
    ],
    ["no NET_RAW", { rawSockets: "EPERM" }, ["noNetRaw a"]],
    ["the gateway in the pool", { gateways: ["203.0.113.1"] }, ["poolHoldsGateway p"]],
    [
      "tcp blocked",
      { members: [{ ...healthy.members[0]!, tcp: silent }] },
      ["membershipBlocked b"],
    ],
    [
      "udp blocked",
      { members: [{ ...healthy.members[0]!, udp: silent }] },
      ["membershipBlocked b"],
    ],
    [
      "no speaker there",
      { members: [{ ...healthy.members[0]!, tcp: { state: "refused", detail: "" } }] },
      ["membershipNotListening b"],
    ],
    ["another vtysh", { frr: { ...healthy.frr, vtysh: "8.4.4" } }, ["frrVersionsDiffer a"]],
    ["no FRR", { frr: { ...healthy.frr, version: null, error: "gone" } }, ["frrUnreachable a"]],
    [
      "bgpd's socket is closed to us",
      { frr: { ...healthy.frr, sockets: [{ daemon: "bgpd", state: "denied" }] } },
      ["frrSocket a"],
    ],
    [
      "no bfdd, and no profile",
      { frr: { ...healthy.frr, sockets: [{ daemon: "bfdd", state: "missing" }] } },
      [],
    ],
    ["a clock that is off", { clockAheadS: -61 }, ["clockSkew a"]],
    [
      "a peer that refuses",
      {
        peers: [
          { peer: "r", address: "192.0.2.250", port: 179, reach: { state: "refused", detail: "" } },
        ],
      },
      ["peerRefuses r"],
    ],
    [
      "a peer with a password, silent to us",
      { peers: [{ peer: "r", address: "192.0.2.250", port: 179, reach: silent }] },
      [],
    ],
  ];
  for (const [what, change, expected] of faults)
    it(`${what}: ${expected.join() || "no alarm"}`, () => {
      const answer = examined(objects, { ...healthy, ...change });
      expect(alarms(answer)).to.deep.equal(expected);
      for (const f of answer.findings) expect(f.fixes, f.code).not.to.deep.equal([]);
      expect(JSON.stringify(answer)).not.to.contain("hush");
    });
});
