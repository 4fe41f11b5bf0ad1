import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { request } from "node:https";
import { connect } from "node:tls";
import { expect } from "chai";
import type { CertificateData } from "../../src/webhook/certificate-need.ts";
import { renewedCertificates } from "../../src/webhook/certificates.ts";
import { startWebhookServer } from "../../src/webhook/server.ts";
import type { WebhookServer } from "../../src/webhook/server.ts";

const NAME = "metallb-webhook-service.metallb-system.svc";
const POOL = "/validate-metallb-io-v1beta1-ipaddresspool";

describe("the HTTPS edge of the webhooks", function () {
  this.timeout(120_000);
  let data: CertificateData;
  let server: WebhookServer;
  const errors: unknown[] = [];
  const credentials = (d: CertificateData) => ({ cert: d["tls.crt"], key: d["tls.key"] });
  const admit = (review: unknown) =>
    review === "fail" ? Promise.reject(new Error("broken")) : Promise.resolve({ seen: review });
  const options = { host: "127.0.0.1", port: 0, minVersion: "TLSv1.3", http2: false } as const;

  before(async () => {
    ({ data } = await renewedCertificates({}, NAME, new Date()));
    server = await startWebhookServer(options, credentials(data), admit, (e) => errors.push(e));
  });
  after(() => server.close());

  interface Sent {
    readonly method?: string;
    readonly type?: string;
    readonly body?: string;
  }
  const send = (
    path: string,
    { method = "POST", type = "application/json", body = "{}" }: Sent = {},
  ) =>
    new Promise<[status: number, body: unknown]>((resolve, reject) => {
      const sent = request(
        {
          host: "127.0.0.1",
          port: server.port,
          path,
          method,
          ca: data["ca.crt"],
          servername: NAME,
          agent: false,
          headers: { "content-type": type },
        },
        (response) => {
          let text = "";
          response.on("data", (part: Buffer) => (text += part.toString()));
          response.on("end", () => resolve([response.statusCode ?? 0, JSON.parse(text)]));
        },
      );
      sent.on("error", reject).end(body);
    });

  const cases: [given: string, path: string, sent: Sent, status: number][] = [
    ["another path", "/", {}, 404],
    ["a path of another version", "/validate-metallb-io-v1beta1-bgppeer", {}, 404],
    ["GET", POOL, { method: "GET", body: "" }, 405],
    ["a form", POOL, { type: "application/x-www-form-urlencoded" }, 415],
    ["no JSON", POOL, { body: "{" }, 400],
    ["a body of 17 MB", POOL, { body: " ".repeat(17 * 1024 * 1024) }, 413],
    ["no ConversionReview", "/convert", { body: "{}" }, 400],
    [
      "JSON with a charset and a query",
      `${POOL}?timeout=10s`,
      { type: "application/json; charset=utf-8" },
      200,
    ],
  ];
  for (const [given, path, sent, status] of cases)
    it(`${given} -> ${status}`, async () => expect((await send(path, sent))[0]).to.equal(status));

  it("answers with what admit says", async () =>
    expect(await send(POOL, { body: '{"a":1}' })).to.deep.equal([200, { seen: { a: 1 } }]));

  it("says 500 and reports it when admit fails, and goes on", async () => {
    expect((await send(POOL, { body: '"fail"' }))[0]).to.equal(500);
    expect(errors).to.have.length(1);
    expect((await send(POOL))[0]).to.equal(200);
  });

  it("refuses TLS 1.2", async () => {
    const socket = connect({
      host: "127.0.0.1",
      port: server.port,
      ca: data["ca.crt"],
      servername: NAME,
      maxVersion: "TLSv1.2",
    });
    const [error] = (await once(socket, "error")) as [Error];
    expect(error.message).to.match(/version|alert/i);
  });

  it("survives what is not TLS", async () => {
    const { connect: plain } = await import("node:net");
    const socket = plain(server.port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write("GET / HTTP/1.1\r\n\r\n");
    await once(socket, "close");
    expect((await send(POOL))[0]).to.equal(200);
  });

  it("takes new certificates for the next connection", async () => {
    const fresh = await renewedCertificates({}, NAME, new Date());
    server.use(credentials(fresh.data));
    data = fresh.data;
    expect((await send(POOL))[0]).to.equal(200);
  });

  it("refuses a key of another certificate, and keeps the old ones", async () => {
    const { data: other } = await renewedCertificates({}, NAME, new Date());
    expect(() => server.use({ cert: other["tls.crt"], key: data["tls.key"] }))
      .to.throw()
      .with.property("code", "ERR_BAD_CERTIFICATE");
    expect((await send(POOL))[0]).to.equal(200);
  });

  it("says so when the port is taken", async () => {
    const second = startWebhookServer(
      { ...options, port: server.port },
      credentials(data),
      admit,
      () => undefined,
    );
    const error: unknown = await second.then(
      () => null,
      (e: unknown) => e,
    );
    expect(error).to.have.property("code", "ERR_ENVIRONMENT");
  });

  it("speaks HTTP/2 where that is asked for, and HTTP/1.1 beside it", async () => {
    const both = await startWebhookServer(
      { ...options, http2: true },
      credentials(data),
      admit,
      () => undefined,
    );
    try {
      const session = connectHttp2(`https://127.0.0.1:${both.port}`, {
        ca: data["ca.crt"],
        servername: NAME,
      });
      const stream = session.request({
        ":method": "POST",
        ":path": POOL,
        "content-type": "application/json",
      });
      stream.end("{}");
      const [headers] = (await once(stream, "response")) as [Record<string, unknown>];
      expect(headers[":status"]).to.equal(200);
      stream.resume();
      await once(stream, "end");
      session.close();
    } finally {
      await both.close();
    }
  });
});
