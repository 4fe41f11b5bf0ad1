/** Which status object comes first: nothing waits for ever behind what changes all the time. */
import { expect } from "chai";
import type { ReportWrite } from "../../src/api/store.ts";
import { AppError } from "../../src/errors.ts";
import { KubeError } from "../../src/kube/client.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { dueFor } from "../../src/kube/report-order.ts";
import { kubeReports } from "../../src/kube/reports.ts";
import { systemClock } from "../../src/runtime/clock.ts";

const BGP = "/apis/metallb.io/v1beta1/namespaces/metallb-system/servicebgpstatuses";
const OWN = "/apis/ferrolb.io/v1alpha1/namespaces/metallb-system/announcementreports";
const wanted = (paths: readonly string[], content = "new") =>
  new Map(paths.map((path) => [path, { content }]));

const codeOf = (error: unknown): string => (error instanceof AppError ? error.code : "");

describe("the order of status objects", () => {
  const cases: [given: string, standing: [string, string][], wants: string[], then: string[]][] = [
    ["nothing", [], [], []],
    ["all as wanted", [[`${BGP}/a`, "new"]], [`${BGP}/a`], []],
    ["MetalLB's kinds first", [], [`${OWN}/a`, `${BGP}/a`], [`${BGP}/a`, `${OWN}/a`]],
    [
      "missing, too many, old",
      [
        [`${BGP}/old`, "old"],
        [`${BGP}/gone`, "old"],
      ],
      [`${BGP}/old`, `${BGP}/missing`],
      [`${BGP}/missing`, `${BGP}/gone`, `${BGP}/old`],
    ],
    [
      "written longest ago",
      [
        [`${OWN}/z`, "old"],
        [`${OWN}/a`, "old"],
      ],
      [`${OWN}/a`, `${OWN}/z`],
      [`${OWN}/z`, `${OWN}/a`],
    ],
  ];
  for (const [given, standing, wants, then] of cases)
    it(given, () => expect(dueFor(new Map(standing), wanted(wants))).to.deep.equal(then));

  /** An API server that takes its time. */
  const slow = (standing: Set<string>, ms: number): KubeClient => {
    const answer = (path: string, body: unknown): Promise<unknown> =>
      new Promise((resolve) =>
        setTimeout(() => {
          standing.add(path.replace(/\/status(?=\?)|\?.*$/g, "").replace(/\?.*$/, ""));
          resolve(body);
        }, ms),
      );
    return {
      request: () => Promise.resolve({ items: [] }),
      patch: (path, body) => answer(path, body),
      watch: () => Promise.resolve(),
      close: () => undefined,
    };
  };
  const about = (kind: string, i: number, status: ReportWrite["status"]): ReportWrite => ({
    apiVersion: kind === "AnnouncementReport" ? "ferrolb.io/v1alpha1" : "metallb.io/v1beta1",
    ...{ kind, namePrefix: "r-", status },
    labels: { "metallb.io/node": "n1", "metallb.io/service-name": `s${i}` },
  });

  it("the last Service has its objects though the first ones change all the time", async () => {
    const standing = new Set<string>();
    const ends = new AbortController();
    const { signal } = ends;
    const writer = { namespace: "metallb-system", pod: null };
    const reports = kubeReports(slow(standing, 4), writer, systemClock, signal);
    const COUNT = 60; // within the burst
    let turn = 0;
    const set = (): ReportWrite[] =>
      Array.from({ length: COUNT }, (_, i) => [
        about("ServiceBGPStatus", i, { peers: ["r"] }),
        about("AnnouncementReport", i, { turn: i < 30 ? turn : 0 }),
      ]).flat();
    const bgp = (): number => [...standing].filter((path) => path.startsWith(BGP)).length;
    const own = (): number => [...standing].filter((path) => path.startsWith(OWN)).length;
    const sets: Promise<void>[] = [];
    for (; own() < COUNT && turn < 400; turn++) {
      sets.push(reports.write("n1", set()));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect([bgp(), own()]).to.deep.equal([COUNT, COUNT]);
    ends.abort();
    await Promise.all(sets);
  }).timeout(30_000);

  it("one that somebody removes again and again keeps none of its kind from being written", async () => {
    const standing = new Set<string>();
    const ends = new AbortController();
    const good = slow(standing, 1);
    let refused = 0;
    const client: KubeClient = {
      ...good,
      patch: (path, body, type) =>
        /status\?/.test(path) && JSON.stringify(body).includes('"s0"')
          ? Promise.reject(new KubeError(404, `not found, ${++refused}`))
          : good.patch(path, body, type),
    };
    const writer = { namespace: "metallb-system", pod: null };
    const reports = kubeReports(client, writer, systemClock, ends.signal);
    const set = (count: number) =>
      Array.from({ length: count }, (_, i) =>
        about("ServiceBGPStatus", i, { serviceName: `s${i}` }),
      );
    for (const count of [10, 20])
      expect(await reports.write("n1", set(count)).catch(codeOf)).to.equal("ERR_KUBE_CONFLICT");
    expect(refused).to.equal(4);
    expect(standing.size).to.equal(20);
    ends.abort();
  });
});
