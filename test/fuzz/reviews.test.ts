/** Spoilt AdmissionReviews and ConversionReviews against the server that the API server talks to. */
import { Agent, request } from "node:https";
import { connect } from "node:tls";
import { expect } from "chai";
import type { Random } from "../../chaos/random.ts";
import { assemble } from "../../src/manifests/assemble.ts";
import { chunksOf, parseChunk } from "../../src/manifests/documents.ts";
import { admit } from "../../src/webhook/admit.ts";
import { CONVERSION_PATH, VALIDATING_PATHS } from "../../src/webhook/answer.ts";
import { renewedCertificates } from "../../src/webhook/certificates.ts";
import { startWebhookServer } from "../../src/webhook/server.ts";
import type { WebhookServer } from "../../src/webhook/server.ts";
import { eventually } from "../support/wait.ts";
import { hostile, spoil, spoilText } from "./hostile.ts";
import type { Json } from "./hostile.ts";
import { CASES, fuzz } from "./seeds.ts";
import { WORLD } from "./world.ts";

const NAMESPACE = "metallb-system";
const PATHS = [...VALIDATING_PATHS, CONVERSION_PATH];
const OWN = WORLD.filter((o) => JSON.stringify(o).includes('"metallb.io/v1beta'));

function review(random: Random): { readonly path: string; readonly body: string } {
  const object = random.pick(OWN) as { readonly kind: string; readonly apiVersion: string };
  const spoilt = random.next() < 0.7 ? spoil(object, random) : hostile(random);
  const [group = "", version = ""] = object.apiVersion.split("/");
  const admission: Json = {
    ...{ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview" },
    request: {
      uid: "705ab4f5-6393-11e8-b7cc-42010a800002",
      kind: { group, version, kind: object.kind },
      operation: random.pick(["CREATE", "UPDATE", "DELETE"]),
      namespace: NAMESPACE,
      object: spoilt,
      oldObject: object as unknown as Json,
    },
  };
  const conversion: Json = {
    ...{ apiVersion: "apiextensions.k8s.io/v1", kind: "ConversionReview" },
    request: {
      uid: "705ab4f5-6393-11e8-b7cc-42010a800002",
      desiredAPIVersion: random.pick(["metallb.io/v1beta1", "metallb.io/v1beta2", "x"]),
      objects: [spoilt],
    },
  };
  const path = random.pick(PATHS);
  const whole = path === CONVERSION_PATH ? conversion : admission;
  const body = JSON.stringify(random.next() < 0.3 ? spoil(whole, random) : whole);
  return { path, body: random.next() < 0.2 ? spoilText(body, random) : body };
}

describe("spoilt reviews", function () {
  this.timeout(0);
  let server: WebhookServer;
  const errors: unknown[] = [];
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });

  before(async () => {
    const name = "metallb-webhook-service.metallb-system.svc";
    const { data } = await renewedCertificates({}, name, new Date());
    const placed = chunksOf(WORLD.map((d) => JSON.stringify(d)).join("\n---\n")).flatMap((chunk) =>
      parseChunk(chunk.text, NAMESPACE).found.map((f) => ({ ...f, file: "world.yaml" })),
    );
    const { snapshot } = assemble(placed, NAMESPACE);
    server = await startWebhookServer(
      { host: "127.0.0.1", port: 0, minVersion: "TLSv1.3", http2: false },
      { cert: data["tls.crt"], key: data["tls.key"] },
      (one) => Promise.resolve(admit(one, snapshot)),
      (error) => errors.push(error),
    );
  });
  after(async () => {
    agent.destroy();
    await server.close();
  });

  const post = (
    path: string,
    body: string | Buffer,
    headers: Record<string, string> = {},
  ): Promise<{ readonly status: number; readonly text: string }> =>
    new Promise((resolve, reject) => {
      const sent = request(
        {
          ...{ host: "127.0.0.1", port: server.port, path, method: "POST", agent },
          ...{ rejectUnauthorized: false },
          headers: { "content-type": "application/json", ...headers },
        },
        (response) => {
          let text = "";
          response.setEncoding("utf8").on("data", (part: string) => (text += part));
          response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
          response.on("error", reject);
        },
      );
      sent.on("error", reject);
      sent.end(body);
    });

  it(`${2 * CASES} of them get a verdict each, with the UID they came with, and never a 500`, async () => {
    const verdicts: Record<string, number> = {};
    await fuzz("reviews", 2 * CASES, async (random) => {
      const { path, body } = review(random);
      const { status, text } = await post(path, body);
      expect(errors, "errors at the server").to.deep.equal([]);
      expect(status).to.be.oneOf([200, 400]);
      const said = JSON.parse(text) as { response?: { uid?: unknown; allowed?: boolean } };
      const verdict = status === 400 ? "400" : String(said.response?.allowed ?? "converted");
      verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
      if (status === 200) expect(said.response?.uid).to.be.a("string");
    });
    console.log(`      verdicts: ${JSON.stringify(verdicts)}`);
    expect(Object.keys(verdicts)).to.include.members(["true", "false"]);
  });

  it("octets that are no request leave the server serving", async () => {
    for (const octets of [
      "",
      "GET / HTTP/1.0\r\n\r\n",
      "\x16\x03\x01\xff\xff",
      "\0".repeat(1000),
    ]) {
      const socket = connect({ host: "127.0.0.1", port: server.port, rejectUnauthorized: false });
      socket.on("error", () => undefined);
      socket.end(octets);
    }
    const binary = Buffer.from(Array.from({ length: 4096 }, (_, i) => i % 256));
    expect((await post(PATHS[0] ?? "", binary)).status).to.equal(400);
    expect((await post(PATHS[0] ?? "", "[".repeat(200_000))).status).to.equal(400);
    await eventually("it serves", async () => (await post("/none", "{}")).status === 404);
    expect(errors).to.deep.equal([]);
  });
});
