import { request } from "node:https";
import { TLSSocket } from "node:tls";
import { expect } from "chai";
import { Registry } from "prom-client";
import { authorizer } from "../../src/kube/authorize.ts";
import { listen, metricsPages } from "../../src/observability/http.ts";
import { renewedCertificates } from "../../src/webhook/certificates.ts";
import { tlsSettings } from "../../src/cli/tls-flags.ts";
import { manualClock } from "../support/manual-clock.ts";

interface Asked {
  readonly status: number;
  readonly protocol: string | null;
}

const get = (port: number, o: { token?: string; maxVersion?: "TLSv1.2" } = {}): Promise<Asked> =>
  new Promise((resolve, reject) => {
    const sent = request(
      {
        ...{ host: "127.0.0.1", port, path: "/metrics", rejectUnauthorized: false, agent: false },
        ...(o.maxVersion && { maxVersion: o.maxVersion }),
        headers: o.token === undefined ? {} : { authorization: `Bearer ${o.token}` },
      },
      (response) => {
        const { socket } = response;
        const protocol = socket instanceof TLSSocket ? socket.getProtocol() : null;
        response.resume();
        resolve({ status: response.statusCode ?? 0, protocol });
      },
    );
    sent.on("error", reject);
    sent.end();
  });

describe("metrics over HTTPS", () => {
  it("asks the API server who may read, and remembers for a while", async () => {
    const asked: string[] = [];
    const clock = manualClock(1000);
    let fails = false;
    const errors: unknown[] = [];
    const guard = authorizer(
      {
        request: (_method, path, body) => {
          asked.push(path.split("/").at(-1) ?? "");
          if (fails) return Promise.reject(new Error("away"));
          const { spec } = body as { spec: { token?: string; user?: string } };
          return Promise.resolve(
            path.endsWith("tokenreviews")
              ? { status: { authenticated: spec.token !== "bad", user: { username: spec.token } } }
              : { status: { allowed: spec.user === "prometheus" } },
          );
        },
      },
      clock,
      (e) => errors.push(e),
    );
    const verdict = async (authorization?: string) =>
      (await guard("/metrics", authorization))?.status ?? 200;
    expect(await verdict()).to.equal(401);
    expect(await verdict("Basic eDp5")).to.equal(401);
    expect(asked).to.deep.equal([]);
    expect(await verdict("Bearer bad")).to.equal(401);
    expect(await verdict("Bearer somebody")).to.equal(403);
    expect(await verdict("Bearer prometheus")).to.equal(200);
    const before = asked.length;
    expect(await verdict("Bearer prometheus")).to.equal(200);
    expect(asked.length).to.equal(before);
    await clock.advance(11_000);
    fails = true;
    expect(await verdict("Bearer prometheus")).to.equal(500);
    expect(errors).to.have.length(1);
    fails = false;
    expect(await verdict("Bearer prometheus")).to.equal(200);
  });

  it("serves by the TLS flags, refuses without a token, and takes a new certificate", async () => {
    const { data } = await renewedCertificates({}, "speaker.metallb-system.svc", new Date());
    const pair = { cert: data["tls.crt"], key: data["tls.key"] };
    const listener = await listen("127.0.0.1", 0, metricsPages(new Registry()), {
      tls: { ...tlsSettings({}), ...pair },
      guard: (_, authorization) =>
        Promise.resolve(authorization === "Bearer good" ? null : { status: 401, body: "no\n" }),
    });
    try {
      expect(await get(listener.port)).to.deep.equal({ status: 401, protocol: "TLSv1.3" });
      expect((await get(listener.port, { token: "good" })).status).to.equal(200);
      const old = await get(listener.port, { maxVersion: "TLSv1.2" }).catch(() => "refused");
      expect(old).to.equal("refused");
      listener.useTls({ ...tlsSettings({ tlsMinVersion: "VersionTLS12" }), ...pair });
      expect((await get(listener.port, { token: "good" })).status).to.equal(200);
      expect(() => listener.useTls({ cert: "no", key: "no" })).to.throw("do not fit");
    } finally {
      await listener.close();
    }
  });

  it("plain where nobody asked for TLS, and what refreshes comes first", async () => {
    let fresh = false;
    const refresh = (): Promise<void> => Promise.resolve(void (fresh = true));
    const listener = await listen("127.0.0.1", 0, metricsPages(new Registry(), refresh));
    try {
      const answer = await fetch(`http://127.0.0.1:${listener.port}/metrics`);
      expect([answer.status, fresh]).to.deep.equal([200, true]);
      const post = await fetch(`http://127.0.0.1:${listener.port}/metrics`, { method: "POST" });
      expect(post.status).to.equal(405);
    } finally {
      await listener.close();
    }
  });
});
