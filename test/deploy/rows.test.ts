/**
 * The statements of the post on control-plane nodes (S1 to S35), the traps around them (X1 to X12) and what no other
 * system has (W1 to W15), each with the
 * tests that show it: a file and the beginning of a title in it. A test that is renamed is missed here.
 */
import { readFile } from "node:fs/promises";
import { expect } from "chai";

const HERE = "test/deploy/kubectl.test.ts";
const MANIFESTS = "test/deploy/manifests.test.ts";
const DOCTOR = "test/explain/doctor.test.ts";
const LIVE = "test/cli/doctor-cluster.test.ts";
const SEEDS = "test/config/seeds.test.ts";
const L2 = "test/lab/l2.test.ts";
const TAKEOVER = "test/takeover/takeover.test.ts";
const CLUSTER = "test/lab/cluster.test.ts";
const NOBODY = "test/cli/no-live-speaker.test.ts";
const COVERAGE = "test/explain/without-speaker.test.ts";

const ROWS: Readonly<Record<string, readonly (readonly [file: string, title: string])[]>> = {
  S1: [
    [HERE, "without the toleration it is skipped"],
    [LIVE, "a control-plane taint that is not tolerated"],
  ],
  S2: [[HERE, "kubectl get pods shows controller and speaker Running"]],
  S3: [
    [HERE, "the same label lists the same Pods as from the manifest"],
    [HERE, "without the toleration it is skipped"],
  ],
  S4: [
    [HERE, "without the toleration it is skipped"],
    [LIVE, "before an install: fine"],
  ],
  S5: [[HERE, "without the toleration it is skipped"]],
  S6: [
    [HERE, "without the toleration it is skipped"],
    [HERE, "verified: Pods on all nodes"],
  ],
  S7: [
    [HERE, "a node selector and a cordoned node are told apart"],
    [DOCTOR, "CURRENT below DESIRED, and READY below DESIRED"],
  ],
  S8: [
    [NOBODY, "a single node whose speaker is kept away"],
    [COVERAGE, "no speaker anywhere: said by each Service"],
  ],
  S9: [
    [L2, "has exactly one MAC, of a node that may announce it"],
    [TAKEOVER, "every address has one owner"],
  ],
  S10: [
    [TAKEOVER, "kill -9"],
    [TAKEOVER, "SIGTERM"],
    [TAKEOVER, "link cut"],
  ],
  S11: [[MANIFESTS, "the values file of the post on control-plane nodes"]],
  S12: [[MANIFESTS, "the values file of the post on control-plane nodes"]],
  S13: [[HERE, "upgrade with the post's values file, unchanged"]],
  S14: [[HERE, "Fix 1, the JSON patch as it is written"]],
  S15: [
    [HERE, "Fix 2, the taint removed"],
    [COVERAGE, "a taint is an event at once"],
  ],
  S16: [[HERE, "Fix 2, the taint removed"]],
  S17: [[LIVE, "taints on every node"]],
  S18: [
    [SEEDS, "worker-only: only labelled nodes"],
    [L2, "has exactly one MAC, of a node that may announce it"],
  ],
  S19: [
    [SEEDS, "worker-only without any worker"],
    [HERE, "Fix 3, an advertisement for workers"],
  ],
  S20: [
    ["test/lab/advertisements.test.ts", "nodeSelectors: only the matching nodes are next hops"],
  ],
  S21: [[HERE, "verified: Pods on all nodes"]],
  S22: [
    [HERE, "create, expose, watch, delete"],
    [CLUSTER, "kubectl's own words: created"],
  ],
  S23: [
    [HERE, "create, expose, watch, delete"],
    [CLUSTER, "kubectl's own words: created"],
  ],
  S24: [
    [L2, "reaches a backend for the client"],
    [CLUSTER, "kubectl's own words: created"],
  ],
  S25: [
    [CLUSTER, "kubectl's own words: created"],
    [HERE, "create, expose, watch, delete"],
    [L2, "goes silent when its Service is deleted"],
  ],
  S26: [["test/cli/init.test.ts", "valid, and gives as many addresses"]],
  S27: [[HERE, "MicroK8s: one tainted node, DESIRED 1"]],
  S28: [[DOCTOR, "MicroK8s with a tainted node and MetalLB installed by hand"]],
  S29: [[HERE, "k3s: no taint, shipped values, DESIRED is every node"]],
  S30: [
    [HERE, "one added by hand"],
    [DOCTOR, "a taint added by hand is named"],
  ],
  S31: [[HERE, "a new control-plane node"]],
  S32: [
    [HERE, "a new control-plane node"],
    [COVERAGE, "a taint is an event at once"],
  ],
  S33: [["test/explain/faults.test.ts", "explain node --if-down"]],
  S34: [["test/cli/probe.test.ts", "that the switch keeps from the owner"]],
  S35: [
    ["test/observability/alerts.test.ts", "promtool"],
    [MANIFESTS, "alerts of MetalLB's chart"],
  ],
  X1: [
    [LIVE, "the exclude label on every node"],
    [MANIFESTS, "control-plane"],
  ],
  X2: [
    [HERE, "the same label lists the same Pods as from the manifest"],
    [MANIFESTS, "both kinds of labels"],
  ],
  X3: [
    [HERE, "without the toleration it is skipped"],
    [DOCTOR, "CURRENT below DESIRED"],
  ],
  X4: [
    [MANIFESTS, "tolerations are never empty"],
    [LIVE, "the same without any toleration"],
  ],
  X5: [
    [HERE, "Fix 3, an advertisement for workers"],
    [SEEDS, "worker-only without any worker"],
  ],
  X6: [[SEEDS, "5.1: both passwords are refused"]],
  X7: [
    [HERE, "install with --set speaker.frr.enabled=true"],
    [MANIFESTS, "the chart gives the objects of the overlays"],
  ],
  X8: [[SEEDS, "6.5: the profile in milliseconds"]],
  X9: [
    [MANIFESTS, "the least privilege"],
    [MANIFESTS, "the values file of the post"],
  ],
  X10: [
    ["test/deploy/rights.test.ts", "announces by BGP and at L2"],
    [MANIFESTS, "the chart gives the objects of the overlays"],
  ],
  X11: [["test/deploy/rows.test.ts", "X11"]],
  X12: [[SEEDS, "what is deprecated is noted once"]],
};

/**
 * What no other system has (W1 to W15). There is no verb that drains a node with GRACEFUL_SHUTDOWN (W7), and of W9
 * fencing by gossip and by quorum, not by Lease.
 */
const BEYOND: typeof ROWS = {
  W1: [["test/frr/thousand.test.ts", "one change is one UPDATE"]],
  W2: [["test/frr/faults.test.ts", "and no session was touched, nothing was left unrestored"]],
  W3: [
    ["test/explain/faults.test.ts", "there are at least thirty faults"],
    ["test/explain/live.test.ts", "live and from the manifests"],
  ],
  W4: [
    ["test/frr/delta-property.test.ts", "random pairs from seed"],
    ["test/cli/diff.test.ts", "names those that move at L2"],
  ],
  W5: [["test/takeover/mixed.test.ts", "one answer for each address, and both kinds have some"]],
  W6: [["test/changeover/changeover.test.ts", "nothing moves, and nothing of FerroLB is left"]],
  W8: [
    ["test/l2/duel-wire.test.ts", "settles by the election's order"],
    ["test/kube/reports.test.ts", "inputs: { epoch:"],
  ],
  W9: [["test/reconciler/speaker-membership.test.ts", "quorum: the smaller half stops"]],
  W10: [["test/lab/wire-times.test.ts", "agrees with the capture"]],
  W11: [["test/frr/truth.test.ts", "an outbound deny turns the status"]],
  W12: [["test/config/bad-objects.test.ts", "starts from twenty peers"]],
  W13: [["test/l2/election.test.ts", "owners differ by at most one"]],
  W14: [["test/l2/duel-wire.test.ts", "a client that hears no broadcasts"]],
  W15: [[LIVE, "there are twelve"]],
};

describe("statements of the post and the traps around them", () => {
  it("each has a test", () => {
    const all = [
      ...Array.from({ length: 35 }, (_, i) => `S${i + 1}`),
      ...Array.from({ length: 12 }, (_, i) => `X${i + 1}`),
    ];
    expect(Object.keys(ROWS).sort()).to.deep.equal(all.sort());
  });

  it("what no other system has is named, but for what is not there", () => {
    const all = Array.from({ length: 15 }, (_, i) => `W${i + 1}`).filter((row) => row !== "W7");
    expect(Object.keys(BEYOND).sort()).to.deep.equal(all.sort());
  });

  for (const [row, tests] of Object.entries({ ...ROWS, ...BEYOND }))
    it(`${row}: its tests are there`, async () => {
      for (const [file, title] of tests)
        expect(await readFile(file, "utf8"), file).to.contain(title);
    });

  it("X11: the installation page says which Kubernetes is the floor, and why not 1.13", async () => {
    const page = await readFile("docs/install.md", "utf8");
    expect(page).to.contain("1.21 is the floor").and.to.contain("Texts that say 1.13 are wrong");
  });
});
