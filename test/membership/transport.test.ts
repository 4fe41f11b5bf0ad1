import { expect } from "chai";
import { bindTransport } from "../../src/membership/transport.ts";

describe("the socket transport", () => {
  it("takes a packet after it was closed, as a probe under way when we leave sends it", async () => {
    const transport = await bindTransport("127.0.0.1", 0);
    await transport.close();
    expect(() => transport.send(Uint8Array.of(1), transport.local)).not.to.throw();
  });
});
