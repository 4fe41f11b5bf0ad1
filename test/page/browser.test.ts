/** The page as an operator has it: Chromium and a controller in a network namespace that leads nowhere. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { daemon } from "../../src/lab/daemon.ts";
import type { Daemon } from "../../src/lab/daemon.ts";
import { createNet } from "../../src/lab/netns.ts";
import { hasChromium, startChromium, varietyOf } from "../support/chromium.ts";
import type { Browser } from "../support/chromium.ts";
import { ferrolb, isRoot } from "../support/lab.ts";
import { writeManifests } from "../support/lab-manifests.ts";
import { eventually } from "../support/wait.ts";

const NS = "metallb-system";
const PORT = 17473;
const HOSTILE = "<img src=x onerror=window.pwned=1>";
const meta = (name: string, namespace = NS) => ({ name, namespace });
const v1 = (kind: string, name: string, spec: object, namespace = "default") => ({
  apiVersion: "v1",
  kind,
  metadata: meta(name, namespace),
  spec,
});
const service = (name: string, annotations: Record<string, string> = {}) => ({
  ...v1("Service", name, { type: "LoadBalancer", ports: [{ port: 80 }] }),
  metadata: { ...meta(name, "default"), annotations },
});
const slice = (of: string) => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: { ...meta(`${of}-1`, "default"), labels: { "kubernetes.io/service-name": of } },
  addressType: "IPv4",
  endpoints: [{ addresses: ["192.0.2.130"], nodeName: "n1", conditions: { ready: true } }],
  ports: [{ port: 80 }],
});
const metallb = (kind: string, name: string, spec: object, version = "v1beta1") => ({
  apiVersion: `metallb.io/${version}`,
  kind,
  metadata: meta(name),
  spec,
});

const WORLD = [
  ...["n1", "n2", "n3"].map((name) => ({ apiVersion: "v1", kind: "Node", metadata: { name } })),
  metallb("IPAddressPool", "public", { addresses: ["203.0.113.0/28"] }),
  metallb("IPAddressPool", "hostile", { addresses: [HOSTILE] }),
  metallb("BGPAdvertisement", "all", {}),
  metallb("L2Advertisement", "all", {}),
  metallb("BGPPeer", "r1", { myASN: 64500, peerASN: 64501, peerAddress: "192.0.2.1" }, "v1beta2"),
  metallb("BGPPeer", "r2", { myASN: 64500, peerASN: 64500, peerAddress: "192.0.2.2" }, "v1beta2"),
  service("web"),
  slice("web"),
  service("hostile", { "metallb.io/address-pool": HOSTILE }),
];

/** What speakers would have left behind. */
const report = (node: string, message: string) => ({
  apiVersion: "ferrolb.io/v1alpha1",
  kind: "SpeakerReport",
  metadata: meta(`speaker-${node}`),
  status: {
    node,
    members: ["n1", "n2", "n3"],
    frr: { reachable: true },
    sessions: [
      { peer: "r1", neighbor: "192.0.2.1", state: "Established", since: "2026-01-01T00:00:00Z" },
      { peer: "r2", neighbor: "192.0.2.2", state: "Active", reason: "peerRefuses", message },
    ],
  },
});

describe("the page in Chromium", function () {
  this.timeout(180_000);
  let browser: Browser;
  let controller: Daemon;
  let close: (() => Promise<void>)[] = [];
  let manifests: string;
  let netns: string;
  const url = `http://127.0.0.1:${PORT}/`;

  before(async function () {
    if (!isRoot() || !hasChromium()) {
      const why = "the page in Chromium needs root and Debian's chromium";
      if (process.env["CI"] === "true") throw new Error(why);
      console.error(`skipped: ${why}`);
      this.skip();
    }
    const dir = await mkdtemp(join(tmpdir(), "ferrolb-page-"));
    manifests = join(dir, "manifests");
    await mkdir(manifests);
    close = [() => rm(dir, { recursive: true, force: true })];
    await writeManifests(manifests, "world.yaml", ...WORLD);
    for (const node of ["n1", "n2", "n3"]) {
      const file = join(manifests, `.status/SpeakerReport/${NS}/${node}.json`);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, JSON.stringify(report(node, node === "n3" ? HOSTILE : "refused")));
    }
    const net = createNet();
    close.unshift(() => net.destroy());
    netns = (await net.namespace("page")).name;
    await execa("ip", ["-n", netns, "link", "set", "lo", "up"]);
    controller = daemon({
      name: "controller",
      netns,
      log: join(dir, "controller.log"),
      command: [
        ...(await ferrolb()),
        ...["controller", "--manifests", manifests, "--state-dir", join(dir, "state")],
      ],
    });
    controller.start();
    close.unshift(async () => {
      await controller.stop();
    });
    browser = await startChromium(netns);
    close.unshift(() => browser.close());
    const rows = "document.querySelectorAll('#services tbody tr').length";
    await eventually(
      "the page",
      async () => {
        await browser.open(url); // again while the controller does not listen yet
        return eventually("rows", async () => (await browser.ask(rows)) === 2, 5000);
      },
      60_000,
      500,
    );
  });
  after(async () => {
    for (const one of close) await one();
  });

  const text = (selector: string) =>
    browser.ask(`document.querySelector(${JSON.stringify(selector)})?.innerText ?? ""`);
  const shows = (what: string, selector: string, words: string | RegExp) =>
    eventually(`${what} in ${selector}`, async () => {
      const shown = String(await text(selector));
      return typeof words === "string" ? shown.includes(words) : words.test(shown);
    });
  const focus = () =>
    browser.ask(`(() => { const e = document.activeElement;
      return e.dataset.explain ?? (e.dataset.kind ? e.dataset.kind + " " + e.dataset.id
        : e.className || e.id || e.tagName); })()`) as Promise<string>;

  it("shows Services, sessions, nodes and pools", async () => {
    await shows("the address", "#services tbody", "203.0.113.0");
    await shows("that it is served", "#services tbody", "served");
    await shows("counts", "#counts", /3\/6 sessions up/);
    const links = await browser.ask(
      "[...document.querySelectorAll('svg .link')].map((l) => l.getAttribute('class')).sort().join()",
    );
    expect(links).to.equal("link down,link down,link down,link up,link up,link up");
    await shows("live", "#trouble", "live");
    await shows("the pool", "#pools", "public");
  });

  it("values stay text, whatever they are", async () => {
    await shows("the hostile name", "#pools", HOSTILE);
    expect(await browser.ask("window.pwned ?? null")).to.equal(null);
    expect(await browser.ask("document.querySelectorAll('img').length")).to.equal(0);
    await browser.ask(`document.querySelector('[data-explain="default/hostile"]').click()`);
    await shows("the explanation", "#explain-because", HOSTILE);
    await browser.press("Escape");
    const titles = await browser.ask(
      "[...document.querySelectorAll('svg .link title')].map((t) => t.textContent).join()",
    );
    expect(titles).to.contain(HOSTILE);
    expect(await browser.ask("window.pwned ?? null")).to.equal(null);
    expect(browser.complaints).to.deep.equal([]);
  });

  it("the policy stops a script that got in all the same", async () => {
    await browser.ask(`document.body.insertAdjacentHTML("beforeend",
      '<i id="planted" onclick="window.pwned=1"></i><img src="http://192.0.2.9/x">')`);
    await browser.ask("document.getElementById('planted').click()");
    expect(await browser.ask("window.pwned ?? null")).to.equal(null);
    await eventually("its complaint", () =>
      browser.complaints.some((c) => c.includes("Content Security Policy")),
    );
    await browser.open(url);
    await shows("the page again", "#trouble", "live");
  });

  it("can be walked with the keyboard alone: graph, filter, explain and back", async () => {
    await browser.ask("document.activeElement.blur(); window.scrollTo(0, 0)");
    const walked: string[] = [];
    for (let i = 0; i < 14; i++) {
      await browser.press("Tab");
      walked.push(await focus());
    }
    expect(walked[0]).to.equal("skip");
    expect(walked).to.include.members(["router 192.0.2.1", "router 192.0.2.2"]);
    expect(walked).to.include.members(["node n1", "node n2", "node n3", "filter", "scroll"]);
    expect(walked).to.include.members(["default/hostile", "default/web"]);
    while ((await focus()) !== "default/web") await browser.press("Tab", true);
    await browser.press("Enter");
    await shows("the explanation", "#explain-because", "Served");
    await shows("its steps", "#explain-steps", "public");
    await browser.press("Escape");
    expect(await browser.ask("document.getElementById('explain').open")).to.equal(false);
    expect(await focus()).to.equal("default/web");
    while ((await focus()) !== "node n2") await browser.press("Tab", true);
    await browser.press("Enter");
    await shows("only what goes through n2", "#chosen", "of node n2");
    expect(await focus()).to.equal("node n2");
    await browser.press("Escape");
    await shows("everything again", "#chosen", /^2 of 2$/);
  });

  it("shows changes as they happen", async () => {
    await writeManifests(manifests, "more.yaml", service("later"), slice("later"));
    await shows("the change", "#changes", /default\/later is new|default\/later is served/);
    await shows("its row", "#services tbody", "default/later");
    const file = join(manifests, `.status/SpeakerReport/${NS}/n1.json`);
    const { status, ...rest } = report("n1", "refused");
    const sessions = status.sessions.map((s) => ({ ...s, state: "Established" }));
    await writeFile(file, JSON.stringify({ ...rest, status: { ...status, sessions } }));
    await shows("the session", "#changes", "session of n1 with 192.0.2.2 is up");
    await shows("the count", "#counts", /4\/6 sessions up/);
  });

  it("is a picture in light and in dark", async () => {
    const pictures: Buffer[] = [];
    const grounds: unknown[] = [];
    for (const scheme of ["light", "dark"] as const) {
      await browser.scheme(scheme);
      grounds.push(await browser.ask("getComputedStyle(document.body).backgroundColor"));
      const png = await browser.screenshot();
      expect(varietyOf(png), `colours in ${scheme}`).to.be.greaterThan(500);
      pictures.push(png);
      const keep = process.env["FERROLB_SCREENSHOTS"];
      if (keep !== undefined) await writeFile(join(keep, `page-${scheme}.png`), png);
    }
    expect(grounds).to.deep.equal(["rgb(246, 245, 242)", "rgb(18, 22, 29)"]);
    expect(pictures[0]?.equals(pictures[1]!)).to.equal(false);
    await browser.scheme("light");
  });

  it("asks nobody but its own server", () => {
    const strange = browser.requests.filter((u) => !u.startsWith(url) && u !== "about:blank");
    // What the policy stopped above is listed too: it never went out.
    expect(strange.filter((u) => u !== "http://192.0.2.9/x")).to.deep.equal([]);
    expect(browser.requests.length).to.be.greaterThan(3);
  });

  it("refuses other names, other methods, and answers with a strict policy", async () => {
    const curl = async (...words: string[]): Promise<string> =>
      (await execa("ip", ["netns", "exec", netns, "curl", "-s", "-i", ...words, url])).stdout;
    expect(await curl("-H", "Host: evil.example")).to.match(/^HTTP\/1.1 421/);
    expect(await curl("-X", "POST")).to.match(/^HTTP\/1.1 405/);
    const fine = await curl();
    expect(fine).to.match(/^HTTP\/1.1 200/);
    expect(fine).to.match(/content-security-policy: default-src 'none'; script-src 'self'/);
    expect(fine).not.to.match(/unsafe|https?:\/\//);
  });

  it("says when the controller went away, and goes on when it is back", async () => {
    await controller.stop();
    await shows("the loss", "#trouble", "connection lost");
    controller.start();
    await shows("that it is back", "#trouble", "live");
  });
});
