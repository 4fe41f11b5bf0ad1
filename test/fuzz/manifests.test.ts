/** Spoilt manifests through everything that reads them: nothing throws, nothing hangs, no line gets into frr.conf. */
import { expect } from "chai";
import { stringify } from "yaml";
import type { Random } from "../../chaos/random.ts";
import { settleSnapshot, withAddresses } from "../../src/allocator/settle.ts";
import { stringifyExact } from "../../src/api/exact-json.ts";
import { keyOf } from "../../src/api/objects.ts";
import type { Snapshot } from "../../src/api/snapshot.ts";
import { nodeBgpFor } from "../../src/bgp/node-bgp.ts";
import { acceptedText, parseAccepted } from "../../src/config/accepted.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { nodeDown } from "../../src/explain/node-down.ts";
import { explainPeer } from "../../src/explain/peer.ts";
import { explainService } from "../../src/explain/service.ts";
import { statusOf } from "../../src/explain/status.ts";
import { explanationText } from "../../src/explain/text.ts";
import { deltaFor } from "../../src/frr-config/delta.ts";
import { formatTree, parseTree, sameTree } from "../../src/frr-config/tree.ts";
import { renderFrr } from "../../src/frr-templates/render.ts";
import { l2Decisions } from "../../src/l2/decision.ts";
import { assemble } from "../../src/manifests/assemble.ts";
import { chunksOf, parseChunk } from "../../src/manifests/documents.ts";
import { spoil, spoilText } from "./hostile.ts";
import type { Json } from "./hostile.ts";
import { CASES, fuzz } from "./seeds.ts";
import { strangeLines } from "./shapes.ts";
import { WORLD } from "./world.ts";

const NAMESPACE = "metallb-system";

/** As a file has it: documents one after the other. */
function snapshotOf(text: string): Snapshot {
  const placed = chunksOf(text).flatMap((chunk) =>
    parseChunk(chunk.text, NAMESPACE).found.map(({ object, line }) => ({
      ...{ object, file: "fuzz.yaml" },
      line: chunk.line + line,
    })),
  );
  return assemble(placed, NAMESPACE).snapshot;
}

function spoilt(random: Random): string {
  const docs: Json[] = [...WORLD];
  for (let times = random.between(1, 6); times > 0; times--) {
    const i = random.between(0, docs.length - 1);
    docs[i] = spoil(docs[i] ?? null, random);
  }
  const asText = random.next() < 0.5 ? (d: Json) => JSON.stringify(d) : (d: Json) => stringify(d);
  const text = docs.map(asText).join("\n---\n");
  return random.next() < 0.25 ? spoilText(text, random) : text;
}

let [rendered, announced, explained] = [0, 0, 0];

function follow(text: string, past: string, random: Random): void {
  const snapshot = snapshotOf(text);
  // A daemon has a past: what turned bad goes on as it was.
  for (const accepted of [undefined, parseAccepted(past)]) {
    const parsed = parseConfig(snapshot, accepted === undefined ? {} : { accepted });
    for (const p of parsed.problems) expect(p.message).to.be.a("string").and.not.to.equal("");
    const settled = settleSnapshot(snapshot, parsed, "");
    const services = withAddresses(snapshot.services, [...settled.outcomes.values()]);
    const after = { ...snapshot, services };
    for (const node of ["n1", "n2"]) {
      const bgp = nodeBgpFor(parsed.config, after, node);
      const conf = renderFrr({ ...bgp, extras: null });
      if (strangeLines(conf).length > 0) throw new Error(strangeLines(conf).join("; "));
      rendered++;
      announced += conf.match(/^ {2}network /gm)?.length ?? 0;
      const tree = parseTree(conf);
      expect(sameTree(parseTree(formatTree(tree)), tree)).to.equal(true);
      expect(deltaFor(tree, tree).commands).to.deep.equal([]);
      expect(deltaFor(CLEAN, tree)).to.be.an("object");
      l2Decisions(parsed.config, after, node, new Set(["n1", "n2"]));
    }
  }
  for (const service of snapshot.services) {
    const answer = explainService(snapshot, keyOf(service));
    expect(explanationText(answer)).to.be.a("string");
    explained++;
  }
  // Each of these works everything out anew: one of them a time.
  const [peer, node] = [snapshot.bgpPeers[0], snapshot.nodes[0]];
  const more = [
    () => statusOf(snapshot),
    () => peer && explainPeer(snapshot, peer.metadata.name),
    () => node && nodeDown(snapshot, node.metadata.name),
  ];
  stringifyExact(random.pick(more)() ?? null);
}

const cleanText = WORLD.map((d) => JSON.stringify(d)).join("\n---\n");
const CLEAN = parseTree(cleanConf());

function cleanConf(): string {
  const snapshot = snapshotOf(cleanText);
  const { config } = parseConfig(snapshot);
  return renderFrr(nodeBgpFor(config, snapshot, "n1"));
}

describe("spoilt manifests", function () {
  this.timeout(0);

  it("begin with a world that announces", () => {
    expect(cleanConf()).to.contain("network 203.0.113.3/32 route-map");
    expect(strangeLines(cleanConf())).to.deep.equal([]);
  });

  it("are not let through by shapes that let everything through", () => {
    const conf = cleanConf();
    for (const line of [" neighbor 192.0.2.66 route-map x in", "line vty", "enable password x"])
      expect(strangeLines(conf.replace("\nexit\n", `\n${line}\nexit\n`))).to.have.length(1);
    const inside = conf.replace(" no bgp ebgp", " neighbor 192.0.2.66 shutdown\n no bgp ebgp");
    expect(strangeLines(inside)).to.have.length(1);
  });

  it(`${CASES} of them: nothing throws or hangs, and frr.conf has the lines of its design alone`, async () => {
    const past = acceptedText(parseConfig(snapshotOf(cleanText)).accepted);
    await fuzz("manifests", CASES, (random) => follow(spoilt(random), past, random));
    console.log(
      `      ${rendered} frr.conf rendered with ${announced} networks, ${explained} Services explained`,
    );
    expect(announced).to.be.greaterThan(rendered / 2);
  });
});
