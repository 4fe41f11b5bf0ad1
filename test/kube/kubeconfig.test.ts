/** Kubeconfigs as people have them: what is read here, what is the package's, and what is no cluster at all. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { AppError } from "../../src/errors.ts";
import { loadKubeConfig, podAccess } from "../../src/kube/access.ts";
import { readKubeconfig } from "../../src/kube/kubeconfig.ts";

const source = (
  user: object,
  cluster: object = {},
  more: object = { "current-context": "here" },
) => ({
  dir: "/etc/kube",
  document: {
    clusters: [{ name: "c", cluster: { server: "https://192.0.2.1:6443/", ...cluster } }],
    users: [{ name: "u", user }],
    contexts: [{ name: "here", context: { cluster: "c", user: "u" } }],
    ...more,
  },
});

describe("a kubeconfig", () => {
  it("with a token, and files beside it", () => {
    const user = { token: "abc", "client-certificate": "me.crt", "client-key-data": "a2V5" };
    expect(readKubeconfig([source(user, { "certificate-authority": "/ca.crt" })])).to.deep.equal({
      kind: "plain",
      server: "https://192.0.2.1:6443",
      ca: { file: "/ca.crt" },
      cert: { file: "/etc/kube/me.crt" },
      key: { data: "a2V5" },
      token: { text: "abc" },
      basic: null,
      skipVerify: false,
      serverName: null,
    });
  });

  const others: readonly (readonly [string, object, object])[] = [
    ["a program", { exec: { command: "login" } }, {}],
    ["a provider", { "auth-provider": { name: "oidc" } }, {}],
    ["a proxy", { token: "abc" }, { "proxy-url": "socks5://192.0.2.9" }],
    ["another user's name", { as: "somebody", token: "abc" }, {}],
  ];
  for (const [what, user, cluster] of others)
    it(`with ${what} is the package's`, () =>
      expect(readKubeconfig([source(user, cluster)])).to.include({ kind: "other" }));

  it("whose context is missing or names no cluster", () => {
    expect(readKubeconfig([source({})], "elsewhere")).to.equal("noContext");
    expect(readKubeconfig([source({}, {}, {})])).to.equal("noCluster");
    expect(readKubeconfig([source({}, { server: "" })])).to.equal("noCluster");
    for (const document of [null, 7, "text", [], { clusters: "c", contexts: { a: 1 } }])
      expect(readKubeconfig([{ document, dir: "" }])).to.equal("noCluster");
  });

  it("of several, the first that names something wins", () => {
    const second = source({ token: "second" }, { server: "https://192.0.2.2" });
    const first = { dir: "", document: { users: [{ name: "u", user: { token: "first" } }] } };
    expect(readKubeconfig([first, second])).to.deep.include({
      server: "https://192.0.2.2",
      token: { text: "first" },
    });
  });
});

describe("credentials", () => {
  const dir = mkdtempSync(join(tmpdir(), `ferrolb-${process.pid}-access-`));
  after(() => rmSync(dir, { recursive: true, force: true }));
  const write = (name: string, text: string): string => {
    const file = join(dir, name);
    writeFileSync(file, text);
    return file;
  };

  it("of a YAML file, its token and its password as the API server wants them", async () => {
    const yaml = (user: string): string => `
current-context: here
contexts: [{name: here, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "http://localhost:1", insecure-skip-tls-verify: true}}]
users: [{name: u, user: ${user}}]
`;
    const of = (user: string) => loadKubeConfig(write("config", yaml(user))).credentials();
    expect(await of("{token: abc}")).to.deep.equal({
      rejectUnauthorized: false,
      headers: { Authorization: "Bearer abc" },
    });
    expect(await of("{username: me, password: secret}")).to.include({ auth: "me:secret" });
  });

  it("that are replaced count at once; those that cannot be read are a failure", async () => {
    const json = (source({ "client-certificate": "me.crt" }) as { document: object }).document;
    const access = loadKubeConfig(write("json", JSON.stringify(json)));
    const failed: unknown = await access.credentials().catch((error: unknown) => error);
    expect(failed).to.be.instanceOf(AppError).with.property("code", "ERR_KUBE_API");
    for (const text of ["one", "two"]) {
      write("me.crt", text);
      expect(String((await access.credentials()).cert)).to.equal(text);
    }
  });

  it("of a program are what it prints", async () => {
    const said = { apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential" };
    const answer = JSON.stringify({ ...said, status: { token: "printed" } });
    const exec = { apiVersion: said.apiVersion, command: "echo", args: [answer] };
    const { document } = source({ exec });
    const access = loadKubeConfig(write("exec", JSON.stringify(document)));
    expect(access.server).to.equal("https://192.0.2.1:6443");
    const { headers } = await access.credentials();
    expect(headers).to.deep.include({ Authorization: "Bearer printed" });
  });

  it("files that are none name no cluster", () => {
    const code = (run: () => unknown): unknown => {
      try {
        return run();
      } catch (error) {
        return error instanceof AppError ? error.code : error;
      }
    };
    expect(code(() => loadKubeConfig(join(dir, "missing")))).to.equal("ERR_UNREADABLE_INPUT");
    expect(code(() => loadKubeConfig(write("bad", "{[")))).to.equal("ERR_UNREADABLE_INPUT");
    expect(podAccess(dir).server).to.equal("http://localhost:8080");
  });
});
