import { expect } from "chai";
import { healthPages, listen } from "../../src/observability/http.ts";

describe("probes", () => {
  it("answer by state, and a taken port is an error that names it", async () => {
    let ready = false;
    const server = await listen(
      "127.0.0.1",
      0,
      healthPages(() => ready),
    );
    const status = async (path: string) =>
      (await fetch(`http://127.0.0.1:${server.port}${path}`)).status;
    try {
      expect([await status("/healthz"), await status("/readyz")]).to.deep.equal([200, 503]);
      ready = true;
      expect([await status("/readyz?x=1"), await status("/other")]).to.deep.equal([200, 404]);
      const again = await listen(
        "127.0.0.1",
        server.port,
        healthPages(() => true),
      ).catch((e: unknown) => e);
      expect(String(again)).to.contain(`port ${server.port}`);
    } finally {
      await server.close();
    }
  });
});
